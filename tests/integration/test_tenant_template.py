"""`template = "tenant"`: the sessions of two tenants never come from one template, whatever they are called."""

import json

from support.gateway import NEW, new_session, wait_for

CONFIG = ('[pool]\nready_sessions = 1\ntemplate = "tenant"\ntemplates = 4\n[pool.session]\npreload = []\n'
          '[[tenant]]\nname = "acme"\npolicy = "record-only"\n[[tenant]]\nname = "beta"\npolicy = "record-only"\n')
# Where an object of the interpreter lies, and what its hashes are salted with.
LAYOUT = "import builtins\n[id(builtins.len), hash('salt')]"


def layout(gateway, token):
    body = json.dumps({"codeInputType": "Inline", "executionType": "Synchronous", "code": LAYOUT}).encode()
    answer = gateway.send("POST", f"/executions?api-version={NEW}&identifier={new_session()}", body, gateway.headers(token), timeout=60)
    assert answer.status == 200, answer.body
    return tuple(json.loads(answer.body)["result"]["executionResult"])


def test_tenants_have_templates_of_their_own(gateway):
    tokens = {}
    for tenant in ("acme", "beta"):
        status, out, err = gateway.command("token", "issue", "--tenant", tenant, "-c", gateway.config, "--state", gateway.state)
        assert status == 0, err
        token = out.strip()
        wait_for(lambda token=token: gateway.send("GET", f"/metadata?api-version={NEW}", headers=gateway.headers(token)).status != 401,
                 10, "the token to be known")
        tokens[tenant] = token
    seen = {tenant: {layout(gateway, token) for _ in range(2)} for tenant, token in tokens.items()}
    assert len(seen["acme"]) == 1 and len(seen["beta"]) == 1
    (one,), (other,) = seen["acme"], seen["beta"]
    assert one[0] != other[0] and one[1] != other[1]
