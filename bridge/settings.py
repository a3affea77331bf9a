"""
The environment and two YAML files, read into values.

Everything that is wrong is said in one clear line with its file and place.
Secrets never stand in YAML: `${NAME}` is read from the environment or from
the file that `NAME_FILE` names.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, from_json

from bridge.alert_settings import AlertSettings, read_alert_settings
from bridge.errors import MappingError, Problem, SettingsError
from bridge.mapping.cases import Sample
from bridge.mapping.catalog import Source
from bridge.mapping.document import Surroundings
from bridge.mapping.form import NAME
from bridge.mapping.tables import LONGEST as LONGEST_TABLE
from bridge.mapping.tables import text_with_tables
from bridge.mapping.text import LONGEST, Node, read_yaml
from bridge.mapping.words import expected, nearest
from bridge.model import DAY, MINUTE, SECOND, Millis
from bridge.saying import Foreign, said
from bridge.sources.platform import Store
from bridge.sources.register import PLATFORMS
from bridge.targets.account import (
    LOOPBACK,
    PAGES_PER_HOUR,
    PARALLEL,
    Target,
)
from bridge.targets.contract import Contract, Limit, Operation
from bridge.targets.register import CONTRACTS

STORES, TARGETS = "stores.yaml", "targets.yaml"
MIB = 1024 * 1024
RESERVE = 64 * MIB  # bytes of the volume, for outcomes
LEAST_TOKEN = 32  # characters
BODY_LIMIT = 2 * 1024 * 1024  # bytes; the largest orders are near 300 KB
RETENTION = Millis(30 * DAY)
IDLE = Millis(15 * MINUTE)
LONGEST_RETENTION = 36_500  # days
LARGEST_SECRET = 4096  # characters
BYTES_OF_A_CHARACTER = 4  # in UTF-8, at most

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NEARLY_REFERENCE = re.compile(
    r"\$[{(] ?([A-Za-z_][\w. -]{0,62}\w) ?[)}]|\$([A-Za-z_]\w{0,63})"
)

_PLACES = re.compile(r"\{([^{}]*)\}")
_IDENTITIES = {
    "shop": re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com", re.IGNORECASE),
    "site": re.compile(
        r"(https?://)?[a-z0-9.-]+(:\d+)?(/\S*)?", re.IGNORECASE
    ),
}

ReadSecret = Callable[[str], str]
"""Gives the secret of a name, or raises `SettingsError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    What the environment says.

    Args:
        admin_tokens: token by operator's name; nobody gets in without one.
        body_limit: of a webhook, in bytes.
        reserve: bytes of the database's volume that no event is taken into.
        spill: the folder of outcomes that the database could not take.
        retention: how long what was settled keeps its words; None for good.
        alerts: when somebody is to be told, and how.
        idle: so long after an operator's last act the console asks for the
            token again before it acts or reveals.
    """

    database: str
    mappings: Path
    admin_tokens: Mapping[str, str] = field(repr=False)
    host: str
    port: int
    body_limit: int = BODY_LIMIT
    reserve: int = RESERVE
    spill: Path = Path("data/bridge.db.spill")
    retention: Millis | None = RETENTION
    alerts: AlertSettings = field(default_factory=AlertSettings)
    idle: Millis = IDLE

    @property
    def file(self) -> Path:
        """Where the database stands."""
        return Path(self.database.partition(":///")[2])


def read_settings(environ: Mapping[str, str]) -> Settings:
    """
    Return the settings of *environ*.

    Raises:
        SettingsError: naming the variable and what it should be.
    """
    database = environ.get("BRIDGE_DATABASE") or "sqlite:///data/bridge.db"
    _scheme, _colon, path = database.partition(":///")
    host = environ.get("BRIDGE_HOST") or "127.0.0.1"
    port = _number(environ, "BRIDGE_PORT", 8080, 1, 65535)
    return Settings(
        database=database,
        mappings=Path(environ.get("BRIDGE_MAPPINGS") or "mappings"),
        admin_tokens=_admin_tokens(environ),
        host=host,
        port=port,
        body_limit=_number(
            environ, "BRIDGE_BODY_LIMIT", BODY_LIMIT, 1024, 64 * 1024 * 1024
        ),
        reserve=MIB
        * _number(
            environ, "BRIDGE_RESERVE_MB", RESERVE // MIB, 1, 1024 * 1024
        ),
        spill=Path(environ.get("BRIDGE_SPILL") or f"{path}.spill"),
        retention=_retention(environ),
        alerts=read_alert_settings(environ, at=f"{host}:{port}"),
        idle=Millis(
            MINUTE
            * _number(environ, "BRIDGE_CONSOLE_IDLE", IDLE // MINUTE, 1, 720)
        ),
    )


def secrets_from(environ: Mapping[str, str]) -> ReadSecret:
    """Return a reader of secrets by name, from *environ* and its files."""

    def read(name: str) -> str:
        value = environ.get(name)
        file = environ.get(f"{name}_FILE")
        if value is None and file:
            value = _secret_file(name, file)
        if value is None:
            message = (
                f"{name} is not set: put the secret into the environment "
                f"variable {name}, or its file's path into {name}_FILE"
            )
            raise SettingsError(message)
        if not value.strip():
            message = f"{name} is empty: a secret is needed there"
            raise SettingsError(message)
        return value

    return read


def secret_files(environ: Mapping[str, str]) -> list[Path]:
    """Return the files that secrets stand in, there or not."""
    return [
        Path(file)
        for name, file in sorted(environ.items())
        if name.endswith("_FILE") and file
    ]


def load_stores(folder: Path, secret: ReadSecret) -> dict[str, Store]:
    """
    Return the stores of `stores.yaml`, by name.

    Raises:
        MappingError, SettingsError: what is wrong, with its place.
    """
    root, file = _load(folder / STORES)
    return {
        name: _store(name, entry, file, secret)
        for name, entry in _entries(root, file).items()
    }


def load_targets(folder: Path, secret: ReadSecret) -> dict[str, Target]:
    """
    Return the targets of `targets.yaml`, by name.

    Raises:
        MappingError, SettingsError: what is wrong, with its place.
    """
    root, file = _load(folder / TARGETS)
    return {
        name: _target(name, entry, file, secret)
        for name, entry in _entries(root, file).items()
    }


def load_sources(folder: Path) -> list[Source]:
    """
    Return the texts of all mapping files in *folder*, by name.

    The CSV files that one names stand behind it: `bridge.mapping.tables`.
    """

    def read_table_file(name: str) -> str | None:
        path = folder / name
        return _read(path, LONGEST_TABLE) if path.is_file() else None

    def csv_files() -> list[str]:
        return [path.name for path in folder.glob("*.csv")]

    found = []
    for path in sorted(folder.glob("*.yaml")):
        if path.name in {STORES, TARGETS} or path.name.endswith(".cases.yaml"):
            continue
        if not path.is_file():
            continue
        text = text_with_tables(
            _read(path, LONGEST), read_table_file, csv_files
        )
        found.append(Source(name=path.stem, file=str(path), text=text))
    return found


def _read(path: Path, longest: int) -> str:
    """
    Return the text of a file; what is no UTF-8 is marked in it.

    Args:
        longest: in characters; one that is longer is not read to its end.
    """
    with path.open("rb") as file:
        read = file.read(longest * BYTES_OF_A_CHARACTER + 1)
    text = read.decode("utf-8", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def load_cases(folder: Path) -> dict[str, Source]:
    """Return the texts of all case files in *folder*, by mapping name."""
    found = {}
    for path in sorted(folder.glob("*.cases.yaml")):
        if not path.is_file():
            continue
        name = path.name.removesuffix(".cases.yaml")
        text = path.read_text(encoding="utf-8", errors="replace")
        found[name] = Source(name=name, file=str(path), text=text)
    return found


def _sample_headers(path: Path) -> dict[str, dict[str, str]]:
    try:
        headers = from_json(path.read_bytes())
    except OSError:
        headers = {}
    except ValueError as error:
        message = said(
            "%(file)s is no JSON: %(error)s", file=path, error=Foreign(error)
        )
        raise LookupError(message) from None
    headers = headers if isinstance(headers, dict) else {}
    odd = [name for name, one in headers.items() if not isinstance(one, dict)]
    if odd:
        message = said(
            "%(file)s: %(name)r must hold names with values",
            file=path,
            name=odd[0],
        )
        raise LookupError(message)
    return headers


def sample_reader(folder: Path) -> Callable[[str], Sample]:
    """
    Return a reader of `samples/<name>.json` in *folder*.

    The headers that each arrives with stand in `samples/_headers.json`.
    """
    samples = folder / "samples"

    def read(name: str) -> Sample:
        path = samples / f"{name}.json"
        try:
            body = path.read_bytes()
        except OSError:
            known = (one.stem for one in samples.glob("[!_]*.json"))
            message = said(
                "there is no sample %(name)r in %(folder)s%(hint)s",
                name=name,
                folder=samples,
                hint=nearest(name, known),
            )
            raise LookupError(message) from None
        headers = _sample_headers(samples / "_headers.json")
        if name not in headers:
            message = said(
                "%(file)s has no entry in _headers.json beside it: copy that "
                "of a sample of the same platform and topic",
                file=path,
            )
            raise LookupError(message)
        return Sample(body=body, headers=headers[name])

    return read


def surroundings(
    stores: Mapping[str, Store], targets: Mapping[str, Target]
) -> Surroundings:
    """Return what mapping files may refer to."""
    return Surroundings(
        stores=frozenset(stores),
        contracts={name: target.contract for name, target in targets.items()},
    )


# ------------------------------------------------------------ environment


def _admin_tokens(environ: Mapping[str, str]) -> dict[str, str]:
    name = "BRIDGE_ADMIN_TOKENS"
    text = environ.get(name, "")
    file = environ.get(f"{name}_FILE")
    if not text and file:
        text = _secret_file(name, file)
    tokens: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        operator, colon, token = map(str.strip, pair.partition(":"))
        if not colon or not operator:
            message = f"{name}: pairs of name:token, comma-separated, please"
            raise SettingsError(message)
        if len(token) < LEAST_TOKEN:
            message = (
                f"{name}: the token of {operator} is shorter than "
                f"{LEAST_TOKEN} characters; make one with "
                "`python -c 'import secrets; print(secrets.token_hex(24))'`"
            )
            raise SettingsError(message)
        if operator in tokens:
            message = f"{name}: the name {operator} stands there twice"
            raise SettingsError(message)
        tokens[operator] = token
    return tokens


def _secret_file(name: str, file: str) -> str:
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = (
            f"{name}_FILE: {file} can not be read ({error.__class__.__name__})"
        )
        raise SettingsError(message) from None
    if len(text) > LARGEST_SECRET:
        message = f"{name}_FILE: {file} is too large for a secret"
        raise SettingsError(message)
    return text.removesuffix("\n").removesuffix("\r")


def _number(
    environ: Mapping[str, str],
    name: str,
    default: int,
    least: int,
    most: int,
) -> int:
    text = environ.get(name)
    if not text:
        return default
    if not text.isascii() or not text.isdigit():
        message = f"{name}: a whole number is expected, not {text!r}"
        raise SettingsError(message)
    if not least <= int(text) <= most:
        message = f"{name}: {least} to {most} is expected, not {text}"
        raise SettingsError(message)
    return int(text)


def _retention(environ: Mapping[str, str]) -> Millis | None:
    name = "BRIDGE_RETENTION"
    text = environ.get(name)
    if not text:
        return RETENTION
    if text in {"0", "never"}:
        return None
    days = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= days <= LONGEST_RETENTION:
        message = (
            f"{name}: a whole number of days, 1 to {LONGEST_RETENTION}, or"
            f" `never`, is expected, not {text!r}"
        )
        raise SettingsError(message)
    return Millis(days * DAY)


# ------------------------------------------------------------ YAML files


class _Form(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, use_attribute_docstrings=True
    )


class _StoreForm(_Form):
    platform: str
    """`shopify` or `woocommerce`."""
    shop: str = ""
    """Shopify: the shop's own name, such as `cafe.myshopify.com`."""
    site: str = ""
    """WooCommerce: the shop's address, such as `https://tienda.example.mx`."""
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    """Two letters; of addresses and phones that do not say."""
    secrets: Annotated[list[str], Field(min_length=1)]
    """References such as `${TIENDA_MX_SECRET}`; all are tried."""
    cash_on_delivery: list[str] = []
    """Payment methods that mean it."""
    not_shipped: list[str] = []
    """SKUs that no warehouse sends; `*` stands for anything."""
    test_orders: bool = False
    """Whether Shopify's test orders are acted upon."""
    statuses: dict[str, str] = {}
    """WooCommerce: your own statuses, and what each is to be read as."""
    time_zone: str | None = None
    """For pages, such as `America/Mexico_City`."""


class _LimitForm(_Form):
    requests: Annotated[int, Field(ge=1, le=1000)]
    """At most so many …"""
    seconds: Annotated[int, Field(ge=1, le=3600)]
    """… within so many seconds."""


class _TargetForm(_Form):
    api: str
    """`rayo`, `every` or `yuju`."""
    base_url: str
    """Its address: https, or http on this machine."""
    credentials: dict[str, str]
    """References such as `${RAYO_API_KEY}`, by the API's own names."""
    authorization: str = ""
    """The form of the header, such as `Bearer {token}`."""
    paths: dict[str, str] = {}
    """Another path of an operation, by its name."""
    limit: _LimitForm | Literal["none"] | None = None
    """Requests that it takes; `none` takes the vendor's own limit off."""
    timeout: Annotated[int, Field(ge=1, le=300)] = 20
    """Seconds for a whole request."""
    settle: Annotated[int, Field(ge=0, le=3600)] = 30
    """Seconds in which a lost request may still arrive."""
    parallel: Annotated[int, Field(ge=1, le=256)] = PARALLEL
    """Requests at once, at most."""
    pages_per_hour: Annotated[int, Field(ge=0)] = PAGES_PER_HOUR
    """Pages of its lists that are read in an hour, looking for links."""
    not_processed_statuses: list[Annotated[int, Field(ge=100, le=599)]] = []
    """Answers after which nothing was done."""
    look_ups: bool = True
    """Whether it is asked about calls whose answers were lost."""
    proves_absence: list[str] = []
    """Operations whose look-up shows all there is, by the vendor's word."""


FORMS: Mapping[str, type[BaseModel]] = {
    "stores": _StoreForm,
    "targets": _TargetForm,
}
"""What an entry of each of the two files may have."""


def _load(path: Path) -> tuple[Node, str]:
    file = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        message = f"{file} is missing: see mappings/README.md for its form"
        raise SettingsError(message) from None
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} can not be read ({error.__class__.__name__})"
        raise SettingsError(message) from None
    return read_yaml(text, file=file), file


def _entries(root: Node, file: str) -> dict[str, Node]:
    if root.value is None:
        return {}
    if not isinstance(root.value, dict):
        raise _wrong(file, root, "names with their settings are expected")
    for name, entry in root.value.items():
        if not re.fullmatch(NAME, name):
            message = (
                f"the name {name!r}: small letters, digits, - and _ are "
                "taken, 64 at most"
            )
            raise _wrong(file, entry, message)
    return root.value


def _wrong(
    file: str, node: Node, message: str, *path: int | str
) -> MappingError:
    """Return the error of what stands at *path* below *node*."""
    line, column = node.at(path)
    problem = Problem(file=file, line=line, column=column, message=message)
    return MappingError([problem])


def _check_statuses(
    name: str, form: "_StoreForm", entry: Node, file: str
) -> None:
    statuses = PLATFORMS[form.platform].statuses
    if form.statuses and not statuses:
        message = f"{name}: on {form.platform} no shop has statuses of its own"
        raise _wrong(file, entry, message, "statuses")
    for own, core in form.statuses.items():
        if core.removeprefix("wc-") not in statuses:
            listed = ", ".join(sorted(statuses))
            message = (
                f"{name}: {core!r} is no status of {form.platform}"
                f"{nearest(core, statuses) or f': there are {listed}'}"
            )
            raise _wrong(file, entry, message, "statuses", own)


def _store(name: str, entry: Node, file: str, secret: ReadSecret) -> Store:
    form = _read_form(_StoreForm, name, entry, file)
    if form.platform not in PLATFORMS:
        hint = nearest(form.platform, PLATFORMS)
        message = f"{name}: there is no platform {form.platform!r}{hint}"
        raise _wrong(file, entry, message, "platform")
    if form.time_zone and not _is_zone(form.time_zone):
        hint = nearest(form.time_zone, iter(available_timezones()))
        message = f"{name}: there is no time zone {form.time_zone!r}{hint}"
        raise _wrong(file, entry, message, "time_zone")
    _check_statuses(name, form, entry, file)
    return Store(
        name=name,
        platform=form.platform,
        identity=_identity(name, form, entry, file),
        country=form.country,
        secrets=tuple(
            _resolved(text, name, entry, file, secret, "secrets", index)
            for index, text in enumerate(form.secrets)
        ),
        cash_on_delivery=tuple(form.cash_on_delivery),
        not_shipped=tuple(form.not_shipped),
        test_orders=form.test_orders,
        statuses=form.statuses,
        time_zone=form.time_zone,
    )


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return True


def _identity(name: str, form: _StoreForm, entry: Node, file: str) -> str:
    """Return what the platform's headers name the shop by."""
    wanted = "shop" if form.platform == "shopify" else "site"
    identity: str = getattr(form, wanted)
    if not identity:
        raise _wrong(file, entry, f"{name}: {wanted!r} is missing")
    if not _IDENTITIES[wanted].fullmatch(identity):
        example = {
            "shop": "cafe-jacaranda.myshopify.com",
            "site": "https://tienda.example.mx",
        }[wanted]
        message = f"{name}: {wanted} must look like {example}"
        raise _wrong(file, entry, message, wanted)
    return identity


def _target(name: str, entry: Node, file: str, secret: ReadSecret) -> Target:
    form = _read_form(_TargetForm, name, entry, file)
    contract = CONTRACTS.get(form.api)
    if contract is None:
        hint = nearest(form.api, CONTRACTS)
        message = f"{name}: there is no API {form.api!r}{hint}"
        raise _wrong(file, entry, message, "api")
    for word in form.credentials:
        if word not in contract.credentials:
            hint = nearest(word, contract.credentials)
            message = f"{name}: {form.api} has no credential {word!r}{hint}"
            raise _wrong(file, entry, message, "credentials", word)
    missing = set(contract.credentials) - set(form.credentials)
    if missing:
        message = f"{name}: credentials need {', '.join(sorted(missing))}"
        raise _wrong(file, entry, message, "credentials")
    if form.authorization and _PLACES.findall(form.authorization) != ["token"]:
        message = (
            f"{name}: authorization must hold {{token}} once, which stands "
            "for the secret"
        )
        raise _wrong(file, entry, message, "authorization")
    operations = _operations(name, form, contract, entry, file)
    return Target(
        name=name,
        contract=replace(
            contract,
            operations=operations,
            not_processed_statuses=(
                *contract.not_processed_statuses,
                *form.not_processed_statuses,
            ),
        ),
        base_url=_base_url(name, form.base_url, entry, file),
        credentials={
            key: _resolved(
                text,
                name,
                entry,
                file,
                _for_headers(secret),
                "credentials",
                key,
            )
            for key, text in form.credentials.items()
        },
        authorization=form.authorization or contract.authorization,
        limit=_limit(form, contract.limit),
        timeout=Millis(form.timeout * SECOND),
        settle=Millis(form.settle * SECOND),
        parallel=form.parallel,
        pages_per_hour=form.pages_per_hour,
        proves_absence=_proves_absence(name, form, operations, entry, file),
    )


def _operations(
    name: str, form: _TargetForm, contract: Contract, entry: Node, file: str
) -> dict[str, Operation]:
    """
    Return the operations, some at the paths that the target says.

    With `look_ups: false` none of them says how its target is asked.
    """
    operations = dict(contract.operations)
    for word, path in form.paths.items():
        known = operations.get(word)
        if known is None:
            hint = nearest(word, operations)
            message = f"{name}: no operation {word!r}{hint}"
            raise _wrong(file, entry, message, "paths", word)
        places = _PLACES.findall(known.path)
        right = sorted(_PLACES.findall(path)) == sorted(places)
        if not path.startswith("/") or not right:
            message = f"{name}: the path must look like {known.path}"
            raise _wrong(file, entry, message, "paths", word)
        operations[word] = replace(known, path=path)
    if not form.look_ups:
        for word, known in operations.items():
            operations[word] = replace(known, lookup=None)
    return operations


def _proves_absence(
    name: str,
    form: _TargetForm,
    operations: Mapping[str, Operation],
    entry: Node,
    file: str,
) -> frozenset[str]:
    """Return the operations whose look-up may be believed to say no."""
    asked = {
        word: operation
        for word, operation in operations.items()
        if operation.lookup is not None
    }
    for index, word in enumerate(form.proves_absence):
        if word in asked:
            continue
        if word in operations:
            message = f"{name}: nobody can be asked about {word}"
        else:
            message = f"{name}: no operation {word!r}{nearest(word, asked)}"
        raise _wrong(file, entry, message, "proves_absence", index)
    return frozenset(form.proves_absence)


def _limit(form: _TargetForm, default: Limit | None) -> Limit | None:
    if isinstance(form.limit, _LimitForm):
        return Limit(
            requests=form.limit.requests,
            window=Millis(form.limit.seconds * SECOND),
        )
    return None if form.limit == "none" else default


def _base_url(name: str, text: str, entry: Node, file: str) -> str:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        message = f"{name}: base_url is no address"
        raise _wrong(file, entry, message, "base_url") from None
    safe = parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in LOOPBACK
    )
    if not safe or not parts.hostname:
        message = f"{name}: base_url must be https, or http on loopback"
        raise _wrong(file, entry, message, "base_url")
    if "@" in parts.netloc or parts.query or parts.fragment:
        message = f"{name}: base_url is scheme, host, port and path only"
        raise _wrong(file, entry, message, "base_url")
    return text.rstrip("/")


def _for_headers(secret: ReadSecret) -> ReadSecret:
    """Return a reader that refuses what no header can carry."""

    def read(name: str) -> str:
        found = secret(name)
        if not found.isascii() or not found.isprintable():
            message = (
                f"{name} has a character that no header can carry, such as a "
                "line break or an accent: copy it anew"
            )
            raise SettingsError(message)
        return found

    return read


def _resolved(
    text: str,
    name: str,
    entry: Node,
    file: str,
    secret: ReadSecret,
    *path: int | str,
) -> str:
    """Return the secret that the text at *path* refers to."""
    what = ".".join((name, *(part for part in path if isinstance(part, str))))
    reference = _REFERENCE.fullmatch(text)
    if reference is None:
        message = f"{what}: {_no_reference(text)}"
        raise _wrong(file, entry, message, *path)
    try:
        return secret(reference[1])
    except SettingsError as error:
        raise _wrong(file, entry, f"{what}: {error}", *path) from None


def _no_reference(text: str) -> str:
    """Say how a secret is named; one that was written out is not shown."""
    meant = _NEARLY_REFERENCE.fullmatch(text)
    if meant:
        name = re.sub(r"\W", "_", meant[1] or meant[2])
        return (
            "a name has letters, digits and _ only, and stands in ${ }: "
            f'did you mean "${{{name}}}"?'
        )
    return (
        'a secret never stands in YAML; write "${NAME}" and set NAME in the '
        "environment"
    )


F = TypeVar("F", bound=_Form)


def _read_form(form: type[F], name: str, entry: Node, file: str) -> F:
    try:
        return form.model_validate(entry.data())
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        # a name that was misspelt is missing as well
        fault = min(faults, key=lambda one: one["type"] != "extra_forbidden")
        path = tuple(part for part in fault["loc"] if part != "_LimitForm")
        message = _form_message(form, name, fault, path)
        raise _wrong(file, entry, message, *path) from None


def _form_message(
    form: type[_Form],
    name: str,
    fault: ErrorDetails,
    path: tuple[int | str, ...],
) -> str:
    word = ".".join(str(part) for part in path)
    match fault["type"]:
        case "extra_forbidden":
            words = (_LimitForm if len(path) > 1 else form).model_fields
            hint = nearest(str(path[-1]), words)
            return f"{name}: {word!r} is no setting{hint}"
        case "missing":
            return f"{name}: {word!r} is missing"
        case "model_type":
            return f"{name}: its settings are expected, indented below it"
        case "string_type":
            return f"{name}.{word}: text is expected: put it in quotes"
        case "string_pattern_mismatch":
            return f"{name}.{word}: two capital letters such as MX"
        case _:
            return f"{name}.{word}: {expected(fault)}"
