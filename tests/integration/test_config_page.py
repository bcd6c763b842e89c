"""The page of the configuration says what the program says, and its example is right."""

import pathlib
import re

from support.gateway import command

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/configuration.md"


def test_the_table_of_the_page_is_the_programs_own():
    status, out, err = command("config", "keys")
    assert (status, err) == (0, "")
    assert PAGE.read_text().endswith(out)


def test_the_example_of_the_page_is_right(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(re.search(r"```toml\n(.*?)```", PAGE.read_text(), re.S).group(1))
    assert command("config", "check", "-c", path) == (0, "ok\n", "")


def test_what_is_shown_is_a_configuration(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[pool]\nmax_sessions = 7\n[[tenant]]\nname = 'a'\n[tenant.quota]\ncode_bytes_per_day = '1 MiB'\n")
    status, out, err = command("config", "show", "-c", path)
    assert status == 0
    assert err == f"{path}:6:22: 'code_bytes_per_day' is less than one body may have: larger ones are never let in\n"
    assert "max_sessions = 7\n" in out and "ready_sessions = 5  # default\n" in out
    path.write_text(out)
    assert command("config", "show", "-c", path)[1] == re.sub("  # default", "", out)
