"""What the Open Cybersecurity Schema Framework, version 1.3.0, says of API Activity (6003) and of every object that an event of
it may hold in an export: each attribute with its type, which ones are required, which of several there must be one of."""

import re

VERSION = "1.3.0"

# name: (type, or * for an object that is not emitted and so not written down here; ! for required)
OBJECTS = {
    "api_activity": """activity_id:activity! activity_name:string category_name:string category_uid:integer! class_name:string
        class_uid:integer! type_name:string type_uid:long! count:integer duration:long end_time:timestamp start_time:timestamp
        time:timestamp! timezone_offset:integer enrichments:* message:string metadata:metadata! observables:* raw_data:string
        severity:string severity_id:severity! status:string status_code:string status_detail:string status_id:status
        unmapped:object actor:actor! api:api! dst_endpoint:network_endpoint http_request:* resources:*
        src_endpoint:network_endpoint!""",
    "actor": "app_name:string app_uid:string authorizations:* idp:* invoked_by:string process:* session:session user:user",
    "user": """name:username uid:string account:* credential_uid:string domain:string email_addr:* full_name:string groups:*
        ldap_person:* org:organization risk_level:string risk_level_id:* risk_score:integer type:string type_id:user_type
        uid_alt:string""",
    "organization": "name:string uid:string ou_name:string ou_uid:string",
    "session": """count:integer created_time:timestamp credential_uid:string expiration_time:timestamp expiration_reason:string
        is_remote:boolean is_mfa:boolean is_vpn:boolean issuer:string terminal:string uid:string uid_alt:string uuid:*""",
    "api": "group:* operation:string! request:request response:response service:service version:string",
    "request": "containers:* data:* flags:* uid:string!",
    "response": "code:integer containers:* data:* error:string error_message:string flags:* message:string",
    "service": "name:string uid:string labels:* version:string",
    "network_endpoint": """name:string uid:string agent_list:* domain:string hostname:hostname hw_info:* instance_uid:string
        interface_name:string interface_uid:string ip:ip location:* mac:* os:* owner:user subnet_uid:string type:string
        type_id:* vlan_uid:string vpc_uid:string zone:string autonomous_system:* intermediate_ips:* proxy_endpoint:* port:port
        svc_name:string""",
    "metadata": """correlation_uid:string event_code:string extension:* extensions:* labels:* log_level:string log_name:string
        log_provider:string log_version:string logged_time:timestamp modified_time:timestamp loggers:* original_time:string
        processed_time:timestamp product:product! profiles:* sequence:integer tenant_uid:string uid:string version:string!""",
    "product": "name:string uid:string feature:* cpe_name:string lang:string path:string url_string:* vendor_name:string! version:string",
}

AT_LEAST_ONE = {
    "actor": "process user invoked_by session app_name app_uid",
    "user": "account name uid",
    "organization": "name uid",
    "service": "name uid",
    "product": "name uid",
    "network_endpoint": "ip uid name hostname svc_name instance_uid interface_uid interface_name",
}

# The values of an enumeration, and the attribute that holds their caption.
ENUMS = {
    "activity": {0: "Unknown", 1: "Create", 2: "Read", 3: "Update", 4: "Delete", 99: "Other"},
    "severity": {0: "Unknown", 1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical", 6: "Fatal", 99: "Other"},
    "status": {0: "Unknown", 1: "Success", 2: "Failure", 99: "Other"},
    "user_type": {0: "Unknown", 1: "User", 2: "Admin", 3: "System", 99: "Other"},
}
SIBLINGS = {"activity_id": "activity_name", "severity_id": "severity", "status_id": "status", "type_id": "type"}

OCTET = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
IPV4 = re.compile(rf"({OCTET}\.){{3}}{OCTET}")
HOSTNAME = re.compile(r"(([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])\.)*([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])")


def is_ip(text):
    if IPV4.fullmatch(text):
        return True
    head, _, tail = text.rpartition(":")
    if IPV4.fullmatch(tail):
        text = f"{head}:0:0"
    halves = text.split("::")
    groups = [group for half in halves for group in half.split(":") if half]
    return (len(text) <= 40 and len(halves) <= 2 and all(re.fullmatch("[0-9A-Fa-f]{1,4}", group) for group in groups)
            and (len(groups) == 8 if len(halves) == 1 else len(groups) < 8))


def is_whole(value, bits):
    return type(value) is int and -2**(bits - 1) <= value < 2**(bits - 1)


def is_text(value):
    return type(value) is str and len(value.encode()) <= 65535


SCALARS = {
    "string": is_text,
    "username": is_text,
    "boolean": lambda value: type(value) is bool,
    "integer": lambda value: is_whole(value, 32),
    "long": lambda value: is_whole(value, 64),
    "timestamp": lambda value: is_whole(value, 64) and value > 10**12,  # milliseconds
    "port": lambda value: is_whole(value, 32) and 0 <= value <= 65535,
    "ip": lambda value: is_text(value) and is_ip(value),
    "hostname": lambda value: is_text(value) and HOSTNAME.fullmatch(value) is not None,
    "object": lambda value: type(value) is dict,
}


def attributes_of(name):
    return {attribute.split(":")[0]: attribute.split(":")[1] for attribute in OBJECTS[name].split()}


def check_value(value, kind, where):
    if kind in OBJECTS:
        yield from check_object(value, kind, where)
    elif kind in ENUMS:
        if type(value) is not int or value not in ENUMS[kind]:
            yield f"{where}: {value!r} is no value of {kind}"
    elif kind not in SCALARS or not SCALARS[kind](value):
        yield f"{where}: {value!r} is no {kind}"


def check_object(value, name, where):
    if type(value) is not dict:
        yield f"{where}: is no object"
        return
    attributes = attributes_of(name)
    for key, kind in attributes.items():
        if kind.endswith("!") and key not in value:
            yield f"{where}.{key}: is required"
    for key, item in value.items():
        if key not in attributes:
            yield f"{where}.{key}: {name} has no such attribute"
        else:
            yield from check_value(item, attributes[key].rstrip("!"), f"{where}.{key}")
    if name in AT_LEAST_ONE and not set(AT_LEAST_ONE[name].split()) & set(value):
        yield f"{where}: one of {AT_LEAST_ONE[name]} must be there"
    for number, caption in SIBLINGS.items():
        kind = attributes.get(number, "").rstrip("!")
        if kind in ENUMS and type(value.get(number)) is int and value[number] in ENUMS[kind] and value[number] != 99:
            if value.get(caption, ENUMS[kind][value[number]]) != ENUMS[kind][value[number]]:
                yield f"{where}.{caption}: {value[caption]!r} is not the caption of {value[number]}"


def problems_of(event):
    """What keeps an event from being one of API Activity, as texts; none when it is."""
    problems = list(check_object(event, "api_activity", "event"))
    if problems:
        return problems
    expected = {"class_uid": 6003, "category_uid": 6, "type_uid": 600300 + event["activity_id"]}
    captions = {"class_name": "API Activity", "category_name": "Application Activity"}
    for key, value in {**{key: event.get(key, value) for key, value in captions.items()}, **{key: event[key] for key in expected}}.items():
        if value != {**expected, **captions}[key]:
            problems.append(f"event.{key}: {value!r}")
    if event["metadata"]["version"] != VERSION:
        problems.append(f"event.metadata.version: {event['metadata']['version']!r}")
    return problems
