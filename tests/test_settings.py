"""The environment and two YAML files: every mistake is one clear line."""

from pathlib import Path

import pytest

from bridge.errors import MappingError, SettingsError
from bridge.model import DAY, SECOND
from bridge.settings import (
    BODY_LIMIT,
    load_cases,
    load_sources,
    load_stores,
    load_targets,
    read_settings,
    sample_reader,
    secret_files,
    secrets_from,
    surroundings,
)
from bridge.targets.contract import Limit

SECRET = "s3cret-of-the-shop"
TOKEN = "t" * 32

STORES = """\
cafe-mx:
  platform: shopify
  shop: cafe.myshopify.com
  country: MX
  secrets: ["${CAFE}"]
"""
WOO = """\
calzado-co:
  platform: woocommerce
  site: https://calzado.example.co
  country: CO
  secrets: ["${CAFE}"]
  time_zone: America/Bogota
"""
TARGETS = """\
rayo-mx:
  api: rayo
  base_url: https://qa.example.mx/
  credentials:
    api_key: "${KEY}"
"""


def told(caught: pytest.ExceptionInfo[SettingsError], folder: Path) -> str:
    """Return an error's text without the folder's name."""
    return str(caught.value).replace(f"{folder}/", "")


def stores_refused(folder: Path, text: str, **environ: str) -> str:
    """Return why *text* is no file of stores."""
    (folder / "stores.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_stores(folder, secrets_from({"CAFE": SECRET, **environ}))
    return told(caught, folder)


def targets_refused(folder: Path, text: str) -> str:
    """Return why *text* is no file of targets."""
    (folder / "targets.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_targets(folder, secrets_from({"KEY": SECRET}))
    return told(caught, folder)


# ------------------------------------------------------------ environment


def test_without_anything_set_the_defaults_hold():
    """
    A fresh machine listens on loopback and lets no operator in.
    """
    found = read_settings({})

    assert (
        "sqlite:///data/bridge.db",
        Path("mappings"),
        {},
        "127.0.0.1",
        8080,
        BODY_LIMIT,
    ) == (
        found.database,
        found.mappings,
        found.admin_tokens,
        found.host,
        found.port,
        found.body_limit,
    )


def test_what_is_set_is_taken():
    """
    Every setting is a variable.
    """
    found = read_settings(
        {
            "BRIDGE_DATABASE": "sqlite:////var/b.db",
            "BRIDGE_MAPPINGS": "/etc/bridge",
            "BRIDGE_ADMIN_TOKENS": f" ana : {TOKEN} ,luis:{'u' * 40},",
            "BRIDGE_HOST": "0.0.0.0",
            "BRIDGE_PORT": "80",
            "BRIDGE_BODY_LIMIT": "4096",
        }
    )

    assert "sqlite:////var/b.db" == found.database
    assert Path("/etc/bridge") == found.mappings
    assert {"ana": TOKEN, "luis": "u" * 40} == found.admin_tokens
    assert ("0.0.0.0", 80, 4096) == (found.host, found.port, found.body_limit)


def test_tokens_may_stand_in_a_file(tmp_path: Path):
    """
    A file's last line end is not part of its secret.
    """
    file = tmp_path / "tokens"
    file.write_text(f"ana:{TOKEN}\n", encoding="utf-8")

    found = read_settings({"BRIDGE_ADMIN_TOKENS_FILE": str(file)})

    assert {"ana": TOKEN} == found.admin_tokens


def test_settings_do_not_show_their_tokens():
    """
    What is printed by mistake holds no secret.
    """
    found = read_settings({"BRIDGE_ADMIN_TOKENS": f"ana:{TOKEN}"})

    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("BRIDGE_PORT", "http",
         "BRIDGE_PORT: a whole number is expected, not 'http'"),
        ("BRIDGE_PORT", "-1",
         "BRIDGE_PORT: a whole number is expected, not '-1'"),
        ("BRIDGE_PORT", "٨٠",
         "BRIDGE_PORT: a whole number is expected, not '٨٠'"),
        ("BRIDGE_PORT", "0", "BRIDGE_PORT: 1 to 65535 is expected, not 0"),
        ("BRIDGE_PORT", "70000",
         "BRIDGE_PORT: 1 to 65535 is expected, not 70000"),
        ("BRIDGE_BODY_LIMIT", "10",
         "BRIDGE_BODY_LIMIT: 1024 to 67108864 is expected, not 10"),
        ("BRIDGE_ADMIN_TOKENS", TOKEN,
         "BRIDGE_ADMIN_TOKENS: pairs of name:token, comma-separated, please"),
        ("BRIDGE_ADMIN_TOKENS", f":{TOKEN}",
         "BRIDGE_ADMIN_TOKENS: pairs of name:token, comma-separated, please"),
        ("BRIDGE_ADMIN_TOKENS", "ana:short-and-secret",
         ("BRIDGE_ADMIN_TOKENS: the token of ana is shorter than 32 "
         "characters; make one with "
         "`python -c 'import secrets; print(secrets.token_hex(24))'`")),
        ("BRIDGE_ADMIN_TOKENS", f"ana:{TOKEN},ana:{'u' * 32}",
         "BRIDGE_ADMIN_TOKENS: the name ana stands there twice"),
        ("BRIDGE_ADMIN_TOKENS_FILE", "/nowhere/tokens",
         ("BRIDGE_ADMIN_TOKENS_FILE: /nowhere/tokens can not be read "
         "(FileNotFoundError)")),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_named(name: str, value: str, message: str):
    """
    The line says which variable, and what it should be.
    """
    with pytest.raises(SettingsError) as caught:
        read_settings({name: value})

    assert message == str(caught.value)


# ---------------------------------------------------------------- secrets


def test_a_secret_is_read_from_the_environment_or_its_file(tmp_path: Path):
    """
    The variable wins over the file.
    """
    file = tmp_path / "cafe"
    file.write_text(f"{SECRET}\r\n", encoding="utf-8")

    assert SECRET == secrets_from({"CAFE": SECRET})("CAFE")
    assert SECRET == secrets_from({"CAFE_FILE": str(file)})("CAFE")
    assert "x" == secrets_from({"CAFE": "x", "CAFE_FILE": str(file)})("CAFE")


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, ("CAFE is not set: put the secret into the environment variable "
         "CAFE, or its file's path into CAFE_FILE")),
        ({"CAFE": " "}, "CAFE is empty: a secret is needed there"),
        ({"CAFE": "", "CAFE_FILE": "/nowhere"},
         "CAFE is empty: a secret is needed there"),
        ({"CAFE_FILE": "/nowhere"},
         "CAFE_FILE: /nowhere can not be read (FileNotFoundError)"),
        ({"CAFE_FILE": "/"}, ("CAFE_FILE: / can not be read "
         "(IsADirectoryError)")),
    ],
)  # fmt: skip
def test_a_missing_secret_is_named(environ: dict[str, str], message: str):
    """
    The line says which variable to set.
    """
    with pytest.raises(SettingsError) as caught:
        secrets_from(environ)("CAFE")

    assert message == str(caught.value)


def test_a_file_that_is_no_secret_is_refused(tmp_path: Path):
    """
    A path to the wrong file does not become a key.
    """
    file = tmp_path / "video"
    file.write_text("x" * 5000, encoding="utf-8")

    with pytest.raises(SettingsError) as caught:
        secrets_from({"CAFE_FILE": str(file)})("CAFE")

    assert f"CAFE_FILE: {file} is too large for a secret" == str(caught.value)


# ----------------------------------------------------------------- stores


def test_stores_are_read(tmp_path: Path):
    """
    A store knows its platform, its secrets and what is particular to it.
    """
    more = "  cash_on_delivery: [Contra entrega]\n  test_orders: true\n"
    (tmp_path / "stores.yaml").write_text(STORES + more + WOO, "utf-8")

    found = load_stores(tmp_path, secrets_from({"CAFE": SECRET}))

    cafe, calzado = found["cafe-mx"], found["calzado-co"]
    assert ("shopify", "cafe.myshopify.com", "MX") == (
        cafe.platform,
        cafe.identity,
        cafe.country,
    )
    assert ((SECRET,), ("Contra entrega",), True) == (
        cafe.secrets,
        cafe.cash_on_delivery,
        cafe.test_orders,
    )
    assert ("https://calzado.example.co", "America/Bogota") == (
        calzado.identity,
        calzado.time_zone,
    )
    assert SECRET not in repr(found)


def test_an_empty_file_has_no_stores(tmp_path: Path):
    """
    Nothing is configured yet, and nothing is wrong.
    """
    (tmp_path / "stores.yaml").write_text("# later\n", encoding="utf-8")

    assert {} == load_stores(tmp_path, secrets_from({}))


@pytest.mark.parametrize(
    ("right", "slip", "message"),
    [
        ("platform: shopify", "platform: shopfy", ("stores.yaml:2:3: cafe-mx: "
         "there is no platform 'shopfy', did you mean 'shopify'?")),
        ("platform: shopify", "platfrom: shopify", ("stores.yaml:2:3: "
         "cafe-mx: 'platfrom' is no setting, did you mean 'platform'?")),
        ("  platform: shopify\n", "", ("stores.yaml:2:3: cafe-mx: 'platform' "
         "is missing")),
        ("  shop: cafe.myshopify.com\n", "", ("stores.yaml:2:3: cafe-mx: "
         "'shop' is missing")),
        ("platform: shopify", "platform: woocommerce", ("stores.yaml:2:3: "
         "cafe-mx: 'site' is missing")),
        ("cafe.myshopify.com", "https://cafe.mx", ("stores.yaml:3:3: cafe-mx: "
         "shop must look like cafe-jacaranda.myshopify.com")),
        ("country: MX", "country: Mexico", ("stores.yaml:4:3: "
         "cafe-mx.country: two capital letters such as MX")),
        ('secrets: ["${CAFE}"]', 'secrets: ["my-own-secret"]',
         ("stores.yaml:5:13: cafe-mx.secrets: a secret never stands in YAML; "
         'write "${NAME}" and set NAME in the environment')),
        ('secrets: ["${CAFE}"]', 'secrets: ["x${CAFE}"]',
         ("stores.yaml:5:13: cafe-mx.secrets: a secret never stands in YAML; "
         'write "${NAME}" and set NAME in the environment')),
        ('secrets: ["${CAFE}"]', 'secrets: ["${CAFE-MX}"]',
         ("stores.yaml:5:13: cafe-mx.secrets: a name has letters, digits and "
         '_ only, and stands in ${ }: did you mean "${CAFE_MX}"?')),
        ('secrets: ["${CAFE}"]', "secrets: [$CAFE]",
         ("stores.yaml:5:13: cafe-mx.secrets: a name has letters, digits and "
         '_ only, and stands in ${ }: did you mean "${CAFE}"?')),
        ('secrets: ["${CAFE}"]', "secrets: ${CAFE}",
         ("stores.yaml:5:3: cafe-mx.secrets: a list is expected: [ ], or each "
         "item after '- '")),
        ("country: MX", "country: MX\n  statuses: {enviado: complete}",
         ("stores.yaml:5:3: cafe-mx: on shopify no shop has statuses of its "
         "own")),
        ("country: MX", "country: MX\n  statuses: [enviado]",
         ("stores.yaml:5:3: cafe-mx.statuses: names with values are expected, "
         "indented below it")),
        ('secrets: ["${CAFE}"]', 'secrets: ["${CAFE}", "${NEW}"]',
         ("stores.yaml:5:24: cafe-mx.secrets: NEW is not set: put the secret "
         "into the environment variable NEW, or its file's path into "
         "NEW_FILE")),
        ('secrets: ["${CAFE}"]', "secrets: []", ("stores.yaml:5:3: "
         "cafe-mx.secrets: it is empty: at least 1 is expected")),
        ("country: MX", "country: MX\n  time_zone: America/Mexico",
         ("stores.yaml:5:3: cafe-mx: there is no time zone 'America/Mexico', "
         "did you mean 'America/")),
        ("country: MX", "country: MX\n  test_orders: yes",
         ("stores.yaml:5:3: cafe-mx.test_orders: true or false is "
         "expected")),
        ("country: MX", "country: MX\n  not_shipped: [1]",
         ("stores.yaml:5:17: cafe-mx.not_shipped.0: text is expected: put it "
         "in quotes")),
        ("cafe-mx:", "Cafe MX:", ("stores.yaml:2:3: the name 'Cafe MX': small "
         "letters, digits, - and _ are taken, 64 at most")),
        (STORES, "- cafe-mx\n", ("stores.yaml:1:1: names with their settings "
         "are expected")),
        (STORES, "cafe-mx: shopify\n", ("stores.yaml:1:10: cafe-mx: its "
         "settings are expected, indented below it")),
        (STORES, STORES + STORES, ("stores.yaml:6:1: the key 'cafe-mx' stands "
         "here twice")),
        ("  shop:", "\tshop:", ("stores.yaml:3:1: a tab stands where only "
         "spaces may")),
        ("country: MX", "country: MX: CO", ("stores.yaml:4:14: text with "
         "': ' in it needs quotes around the whole")),
    ],
)  # fmt: skip
def test_a_wrong_store_is_one_line(
    tmp_path: Path, right: str, slip: str, message: str
):
    """
    File, line, column, which store, what is wrong, what to do.
    """
    assert right in STORES
    text = STORES.replace(right, slip, 1)

    found = stores_refused(tmp_path, text)

    assert found.startswith(message)
    assert "\n" not in found
    assert "my-own-secret" not in found


def test_a_woocommerce_site_is_an_address(tmp_path: Path):
    """
    Without a scheme it is taken for https; a name with blanks is none.
    """
    wrong = WOO.replace("https://calzado.example.co", "Mi tienda")

    assert (
        "stores.yaml:3:3: calzado-co: site must look like "
        "https://tienda.example.mx"
    ) == stores_refused(tmp_path, wrong)


def test_a_status_is_one_of_the_platform(tmp_path: Path):
    """
    A shop's own status stands for one that WooCommerce has.
    """
    wrong = WOO + "  statuses: {enviado: complete}\n"

    assert (
        "stores.yaml:7:14: calzado-co: 'complete' is no status of "
        "woocommerce, did you mean 'completed'?"
    ) == stores_refused(tmp_path, wrong)


def test_a_missing_file_says_where_its_form_is(tmp_path: Path):
    """
    Whoever starts afresh learns where to read on.
    """
    with pytest.raises(SettingsError) as caught:
        load_stores(tmp_path, secrets_from({}))

    assert (
        "stores.yaml is missing: see mappings/README.md for its form"
        == told(caught, tmp_path)
    )


def test_a_file_that_is_no_text_is_named(tmp_path: Path):
    """
    Another encoding is refused, not guessed.
    """
    (tmp_path / "stores.yaml").write_bytes("café".encode("latin-1"))

    with pytest.raises(SettingsError) as caught:
        load_stores(tmp_path, secrets_from({}))

    assert "stores.yaml can not be read (UnicodeDecodeError)" == told(
        caught, tmp_path
    )


# ---------------------------------------------------------------- targets


def test_targets_are_read(tmp_path: Path):
    """
    What a vendor leaves open can be set; all else is the contract's.
    """
    more = """\
  authorization: "Token {token}"
  paths: {get_order: "/v2/orders/{rayoOrderId}"}
  limit: {requests: 5, seconds: 2}
  timeout: 10
  settle: 60
  parallel: 2
  not_processed_statuses: [423]
"""
    (tmp_path / "targets.yaml").write_text(TARGETS + more, "utf-8")

    rayo = load_targets(tmp_path, secrets_from({"KEY": SECRET}))["rayo-mx"]

    assert ("https://qa.example.mx", "Token {token}", 2) == (
        rayo.base_url,
        rayo.authorization,
        rayo.parallel,
    )
    assert Limit(requests=5, window=2 * SECOND) == rayo.limit
    assert (10 * SECOND, 60 * SECOND) == (rayo.timeout, rayo.settle)
    operations = rayo.contract.operations
    assert "/v2/orders/{rayoOrderId}" == operations["get_order"].path
    assert 423 in rayo.contract.not_processed_statuses
    assert {"api_key": SECRET} == rayo.credentials
    assert SECRET not in repr(rayo)


def test_look_ups_can_be_switched_off_and_believed(tmp_path: Path):
    """
    What a target says of lost calls is asked unless somebody says no, and
    believed to be all there is only where somebody says so.
    """
    names = "rayo-mx", "off", "sure"
    more = ("", "  look_ups: false\n", "  proves_absence: [update_delivery]\n")
    text = "".join(
        TARGETS.replace("rayo-mx", name) + lines
        for name, lines in zip(names, more, strict=True)
    )
    (tmp_path / "targets.yaml").write_text(text, "utf-8")

    found = load_targets(tmp_path, secrets_from({"KEY": SECRET}))

    assert [True, False, True] == [
        found[name].contract.operations["update_delivery"].lookup is not None
        for name in names
    ]
    assert [set(), set(), {"update_delivery"}] == [
        found[name].proves_absence for name in names
    ]


def test_secret_files_are_known(tmp_path: Path):
    """
    The files that secrets stand in can be watched, there or not.
    """
    environ = {"A_FILE": "/run/a", "B": "x", "C_FILE": "", "B_FILE": "/b"}

    assert [Path("/run/a"), Path("/b")] == secret_files(environ)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("", 2), ("  limit: none\n", None)],
)
def test_a_limit_is_the_vendors_unless_it_is_said(
    tmp_path: Path, limit: str, expected: int | None
):
    """
    Yuju's two a second hold, or none where somebody says so.
    """
    text = (
        "yuju:\n  api: yuju\n  base_url: http://127.0.0.1:9000\n"
        f'  credentials: {{token: "${{KEY}}"}}\n{limit}'
    )
    (tmp_path / "targets.yaml").write_text(text, encoding="utf-8")

    found = load_targets(tmp_path, secrets_from({"KEY": SECRET}))["yuju"]

    assert expected == (found.limit.requests if found.limit else None)


@pytest.mark.parametrize(
    ("right", "slip", "message"),
    [
        ("api: rayo", "api: raya", ("targets.yaml:2:3: rayo-mx: there is no "
         "API 'raya', did you mean 'rayo'?")),
        ("base_url:", "url:", ("targets.yaml:3:3: rayo-mx: 'url' is no "
         "setting, did you mean 'base_url'?")),
        ("api: rayo", "api: rayo\n  timout: 5", ("targets.yaml:3:3: rayo-mx: "
         "'timout' is no setting, did you mean 'timeout'?")),
        ("https://qa", "http://qa", ("targets.yaml:3:3: rayo-mx: base_url "
         "must be https, or http on loopback")),
        ("https://qa.example.mx/", "qa.example.mx", ("targets.yaml:3:3: "
         "rayo-mx: base_url must be https, or http on loopback")),
        ("https://qa", "https://me:pw@qa", ("targets.yaml:3:3: rayo-mx: "
         "base_url is scheme, host, port and path only")),
        ("https://qa", "https://:pw@qa", ("targets.yaml:3:3: rayo-mx: "
         "base_url is scheme, host, port and path only")),
        (".mx/", ".mx/?a=b", ("targets.yaml:3:3: rayo-mx: base_url is scheme, "
         "host, port and path only")),
        ("qa.example.mx", "[::1", ("targets.yaml:3:3: rayo-mx: base_url is no "
         "address")),
        ("qa.example.mx", "qa.example.mx:port", ("targets.yaml:3:3: rayo-mx: "
         "base_url is no address")),
        ("api_key:", "apikey:", ("targets.yaml:5:5: rayo-mx: rayo has no "
         "credential 'apikey', did you mean 'api_key'?")),
        ('"${KEY}"', "abc-my-key", ("targets.yaml:5:5: "
         "rayo-mx.credentials.api_key: a secret never stands in YAML; write "
         '"${NAME}" and set NAME in the environment')),
        ("${KEY}", "${OTHER}", ("targets.yaml:5:5: "
         "rayo-mx.credentials.api_key: OTHER is not set: put the secret into "
         "the environment variable OTHER, or its file's path into "
         "OTHER_FILE")),
        ("api: rayo", "api: rayo\n  authorization: Bearer abc-my-key",
         ("targets.yaml:3:3: rayo-mx: authorization must hold {token} once, "
         "which stands for the secret")),
        ("api: rayo", 'api: rayo\n  authorization: "{token} {host}"',
         ("targets.yaml:3:3: rayo-mx: authorization must hold {token} once, "
         "which stands for the secret")),
        ("api: rayo", "api: rayo\n  paths: {create: /x}",
         ("targets.yaml:3:11: rayo-mx: no operation 'create', did you mean "
         "'create_order'?")),
        ("api: rayo", "api: rayo\n  paths: {get_ordr: /x}",
         ("targets.yaml:3:11: rayo-mx: no operation 'get_ordr', did you mean "
         "'get_order'?")),
        ("api: rayo", "api: rayo\n  paths: {get_order: /x}",
         ("targets.yaml:3:11: rayo-mx: the path must look like "
         "/api/rest/order/{rayoOrderId}")),
        ("api: rayo", "api: rayo\n  paths: {create_order: x/orders}",
         ("targets.yaml:3:11: rayo-mx: the path must look like "
         "/api/rest/orders")),
        ("api: rayo", "api: rayo\n  limit: {requests: 0, seconds: 1}",
         ("targets.yaml:3:11: rayo-mx.limit.requests: at least 1 "
         "is expected")),
        ("api: rayo", "api: rayo\n  limit: {requests: 2, second: 1}",
         ("targets.yaml:3:24: rayo-mx: 'limit.second' is no setting, "
          "did you mean 'seconds'?")),
        ("api: rayo", "api: rayo\n  timeout: 1000", ("targets.yaml:3:3: "
         "rayo-mx.timeout: at most 300 is expected")),
        ("api: rayo", "api: rayo\n  timeout: 5s", ("targets.yaml:3:3: "
         "rayo-mx.timeout: a whole number is expected")),
        ("api: rayo", "api: rayo\n  proves_absence: [create_order]",
         ("targets.yaml:3:20: rayo-mx: nobody can be asked about "
          "create_order")),
        ("api: rayo", "api: rayo\n  proves_absence: [update_deliver]",
         ("targets.yaml:3:20: rayo-mx: no operation 'update_deliver', did "
          "you mean 'update_delivery'?")),
        ("api: rayo", "api: rayo\n  look_ups: no", ("targets.yaml:3:3: "
         "rayo-mx.look_ups: true or false is expected")),
    ],
)  # fmt: skip
def test_a_wrong_target_is_one_line(
    tmp_path: Path, right: str, slip: str, message: str
):
    """
    File, line, column, which target, what is wrong, what to do.
    """
    assert right in TARGETS

    found = targets_refused(tmp_path, TARGETS.replace(right, slip, 1))

    assert message == found
    assert "my-key" not in found


# ------------------------------------------------------------- the folder


def test_mapping_files_are_all_but_the_two_and_the_cases(tmp_path: Path):
    """
    A file's name is the mapping's.
    """
    for name in ("b", "a", "stores", "targets", "a.cases"):
        (tmp_path / f"{name}.yaml").write_text(f"# {name}", encoding="utf-8")
    (tmp_path / "README.md").write_text("not yaml", encoding="utf-8")

    assert [("a", "# a"), ("b", "# b")] == [
        (source.name, source.text) for source in load_sources(tmp_path)
    ]
    assert ["a"] == list(load_cases(tmp_path))
    assert "# a.cases" == load_cases(tmp_path)["a"].text


def test_a_mapping_file_in_another_encoding_is_handed_on(tmp_path: Path):
    """
    It is refused where its line can be told.
    """
    (tmp_path / "a.yaml").write_bytes("a: café".encode("latin-1"))

    (source,) = load_sources(tmp_path)

    assert "a: caf\ufffd" == source.text


def test_a_sample_has_its_body_and_headers(tmp_path: Path):
    """
    Bytes as they came; one without headers is not known.
    """
    samples = tmp_path / "samples"
    samples.mkdir()
    (samples / "_headers.json").write_text('{"a": {"X": "1"}}', "utf-8")
    (samples / "a.json").write_bytes(b'{"id": 1}')
    (samples / "b.json").write_bytes(b"{}")
    read = sample_reader(tmp_path)

    assert (b'{"id": 1}', {"X": "1"}) == (read("a").body, read("a").headers)
    with pytest.raises(LookupError, match=r"b\.json has no entry in _head"):
        read("b")
    with pytest.raises(LookupError, match="there is no sample 'c' in"):
        read("c")
    (samples / "_headers.json").write_text('{"a": 5}', "utf-8")
    with pytest.raises(LookupError, match=r"_headers\.json: 'a' must hold"):
        read("a")
    (samples / "_headers.json").write_text('{"a": {', "utf-8")
    with pytest.raises(LookupError, match=r"_headers\.json is no JSON: "):
        read("a")


def test_a_folder_is_no_file(tmp_path: Path):
    """
    One whose name ends like a mapping's is left alone.
    """
    (tmp_path / "old.yaml").mkdir()
    (tmp_path / "old.cases.yaml").mkdir()

    assert [] == load_sources(tmp_path)
    assert {} == load_cases(tmp_path)


def test_mappings_may_refer_to_what_is_configured(tmp_path: Path):
    """
    Stores by name, targets with their contracts.
    """
    (tmp_path / "stores.yaml").write_text(STORES, encoding="utf-8")
    (tmp_path / "targets.yaml").write_text(TARGETS, encoding="utf-8")
    secret = secrets_from({"CAFE": SECRET, "KEY": SECRET})

    around = surroundings(
        load_stores(tmp_path, secret), load_targets(tmp_path, secret)
    )

    assert frozenset({"cafe-mx"}) == around.stores
    assert "rayo" == around.contracts["rayo-mx"].name


def test_credential_that_no_header_can_carry(tmp_path: Path) -> None:
    """
    A token with a line break in it is refused at the start, not at Rayo.
    """
    text = (
        "rayo-mx:\n  api: rayo\n"
        "  base_url: https://qa.cerebro.techrayo.com\n"
        '  credentials: {api_key: "${KEY}"}\n'
    )
    (tmp_path / "targets.yaml").write_text(text)

    with pytest.raises(MappingError, match="no header can carry"):
        load_targets(tmp_path, lambda _name: "two\nlines")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("", 30 * DAY),
        ("30", 30 * DAY),
        ("1", DAY),
        ("0", None),
        ("never", None),
    ],
)
def test_retention_is_in_days(said: str, kept: int | None) -> None:
    """What is settled is kept whole for days, or for good."""
    settings = read_settings({"BRIDGE_RETENTION": said})

    assert settings.retention == kept


@pytest.mark.parametrize("said", ["-1", "a month", "1.5", "36501", "Never"])
def test_refuses_other_retentions(said: str) -> None:
    """Nonsense is told with what is expected, before anything is pruned."""
    with pytest.raises(SettingsError, match=r"BRIDGE_RETENTION.*`never`"):
        read_settings({"BRIDGE_RETENTION": said})
