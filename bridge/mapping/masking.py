"""
Bodies of webhooks without the data of the customers they tell of.

What stays is what is known to be nobody's: amounts, times, SKUs, products,
statuses, towns and postal codes. Everything else is replaced, each by a
value of its own kind and form (`stand_ins`), the same by the same in all
bodies of a case; unknown fields are taken for personal. What a customer is
called, or can be reached by, is then looked for in what stays, too.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Dict
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

from bridge.mapping.stand_ins import PARTICLES, StandIns
from bridge.model import JSON
from bridge.places.text import folded

Path = tuple[str, ...]
"""Of a leaf, from the root; the items of a list are `*`."""

_PEOPLE = (
    "customer", "billing", "shipping", "billingaddress", "shippingaddress",
    "defaultaddress", "destination", "originaddress", "address", "recipient",
    "receiver", "purchaser", "buyer", "contact", "addresses", "location",
)  # fmt: skip
_NAMES = frozenset(
    {
        "firstname", "lastname", "company", "nombre", "nombres", "apellido",
        "apellidos", "fullname", "customername", "cardholder", "recibe",
        "creditcardname", "destinatario", "recipient", "receiver", "empresa",
        "razonsocial", "contacto", "quienrecibe", "persona", "username",
        "para", "de", "to", "from", "sendername", "recipientname", "author",
    }
)  # fmt: skip
_PHONES = frozenset(
    {"phone", "telefono", "celular", "movil", "whatsapp", "tel", "phonenumber"}
)
_STREETS = frozenset(
    {
        "address1", "address2", "street", "calle", "direccion", "colonia",
        "barrio", "neighborhood", "neighbourhood", "address", "addressline1",
        "addressline2", "entrecalles", "exterior", "interior", "numero",
        "numeroexterior", "numerointerior", "noexterior", "nointerior",
        "numext", "numint", "complemento", "fraccionamiento", "referencia",
        "referencias", "indicaciones", "streetnumber", "streetname", "depto",
    }
)  # fmt: skip
_CUSTOMERS = frozenset({"customer", "defaultaddress"})
_COORDINATES = frozenset({"latitude", "longitude", "lat", "lng", "lon"})
_IPS = frozenset({"browserip", "customeripaddress", "clientip", "ip"})
_AGENTS = frozenset({"useragent", "customeruseragent"})
_PLACES = frozenset(
    {
        "city", "state", "province", "provincecode", "country", "countrycode",
        "countryname", "zip", "postcode", "postalcode",
    }
)  # fmt: skip
_EXACT = _PLACES | frozenset(
    {
        "status",
        "currency",
        "paymentgatewaynames",
        "gateway",
        "type",
        "kind",
        "paymentmethod",
        "paymentmethodtitle",
        "financialstatus",
    }
)
"""Fields in which nothing is looked for: their values are compared."""
_PRODUCTS = frozenset(
    {"name", "title", "parentname", "varianttitle", "vendor", "variant"}
)
_TRACKING_LINKS = frozenset(
    {"trackingurl", "trackingurls", "customtrackinglink", "src", "href"}
)
_TRACKING_NUMBERS = frozenset({"trackingnumber", "trackingnumbers"})
_SAFE = frozenset(
    {
        # both
        "status", "currency", "currencycode", "presentmentcurrency", "total",
        "subtotal", "price", "amount", "quantity", "sku", "country",
        "countrycode", "countryname", "city", "zip", "postcode", "postalcode",
        "state", "province", "provincecode", "createdat", "updatedat",
        "processedat", "cancelledat", "closedat", "number", "ordernumber",
        "cancelreason", "type", "kind", "rate", "taxclass", "version", "label",
        # Shopify
        "financialstatus", "fulfillmentstatus", "shipmentstatus", "service",
        "fulfillmentservice", "inventory", "gateway", "sourcename",
        "paymentgatewaynames", "customerlocale", "acceptlanguage", "locale",
        "targettype", "valuetype", "allocationmethod", "targetselection",
        "value_type", "variantinventorymanagement", "trackingcompany",
        "carrieridentifier", "deliverycategory", "requestedfulfillmentservice",
        "weightunit", "currentsubtotalprice", "currenttotalprice",
        "currenttotaldiscounts", "currenttotaltax", "subtotalprice",
        "totalprice", "totaldiscounts", "totaltax", "totallineitemsprice",
        "totaloutstanding", "totaltipreceived", "totaldiscount", "restocktype",
        "originalprice", "discountedprice", "processingmethod", "taxrate",
        "totaldiscountset", "totaltiplineprice", "shippingcode",
        # WooCommerce
        "paymentmethod", "paymentmethodtitle", "createdvia", "datecreated",
        "datemodified", "datecompleted", "datepaid", "datecreatedgmt",
        "datemodifiedgmt", "datecompletedgmt", "datepaidgmt", "dateshipped",
        "discounttotal", "discounttax", "shippingtotal", "shippingtax",
        "carttax", "subtotaltax", "methodtitle", "methodid",
        "instanceid", "ratecode", "taxstatus", "currencysymbol", "taxtotal",
        "shippingtaxtotal", "trackingprovider", "customtrackingprovider",
        "product", "qty", "statusshipped", "allow", "globaluniqueid",
    }
)  # fmt: skip
"""Folded names of fields that tell nothing of a person."""
_META = (("key", "value"), ("name", "value"))
_FLAGS = frozenset(
    {
        "yes", "no", "true", "false", "si", "sí", "on", "off", "cc", "ce",
        "nit", "rfc", "ti", "ruc", "curp", "pasaporte", "cedula", "manual",
    }
)  # fmt: skip
_MONEY = re.compile(r"-?\d{1,9}\.\d{1,4}|-?\d{1,4}")
_DATE = re.compile(r"20[2-9]\d-\d\d-\d\d([T ].*)?")
_EMAIL = re.compile(r"[^\s@<>,;:\"']+@[^\s@<>,;:\"']+\.[^\W\d_]{2,}")
_IP = re.compile(
    r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f:]+\b",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://\S+|/\S*\?\S+", re.IGNORECASE)
_CODE = re.compile(r"(?=.*\d)[\w\-+/=.~:•* ]{3,}")
_GLOBAL_ID = re.compile(r"gid://shopify/(\w+)/(\d+)")
_LEAST_LOOKED_FOR = 4
"""Signs of a value that is looked for in what stays."""
_LEAST_REFUSED = 8
"""Signs of a value that must not be found again; shorter ones are words."""
_LONGEST_ID = 24
_LEAST_ID = 5
"""Digits of a number of a person; shorter ones are amounts."""


class Revealing(ValueError):
    """Something personal would still be there; says of which kind."""


class Mask:
    """
    Replaces what is personal in the bodies of one case.

    Args:
        bodies: all of them, as JSON values: a name that only the last one
            tells is known in the first one, too.
        country: two letters; of phones without a country code.
        keep: texts that the mapping file compares with.
        site: the shop's own host, which stays in addresses.
    """

    def __init__(
        self,
        bodies: Sequence[JSON],
        *,
        country: str,
        keep: Iterable[str] = (),
        site: str = "",
    ) -> None:
        self.replaced: Counter[str] = Counter()
        """Paths of fields in which something was replaced."""
        self._keep = frozenset({*keep, *_identities(bodies)})
        self._site = (urlsplit(site).hostname or site).lower()
        self._places = frozenset(_strings_of(bodies, _PLACES))
        self._people = list(_people_in(bodies))
        self._stand_ins = StandIns(
            country, {folded(w) for p in self._people for w in _words(p)}
        )
        self._known: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        self._folded: dict[str, str] = {}
        for person in self._people:
            self._stand_ins.name(person)
        for body in bodies:
            self._value(body, ())  # learns what is personal
        self._learn_words()
        self._pattern = self._pattern_of_known()
        self.replaced.clear()

    # -- what is asked

    def body(self, value: JSON) -> JSON:
        """
        Return a body without what is personal.

        Raises:
            Revealing: it would still be there.
        """
        made = self._value(value, ())
        self._refuse_revealing(json.dumps(made, ensure_ascii=False))
        return made

    def code(self, text: str) -> str:
        """Return what stands for an id that a target or platform gave."""
        return self._known.get(text) or self._stand_ins.code(text)

    # -- walking

    def _value(self, value: JSON, path: Path) -> JSON:
        match value:
            case dict():
                return self._object(value, path)
            case list():
                return [self._value(part, (*path, "*")) for part in value]
            case str():
                made = self._text(value, path)
                if made != value:
                    self.replaced[_shown(path)] += 1
                return made
            case bool() | None:
                return value
            case int() | float():
                return self._number(value, path)
            case _:
                return value

    def _object(self, value: Dict[str, JSON], path: Path) -> JSON:
        entry = _entry_of(value)
        made: dict[str, JSON] = {}
        for key, part in value.items():
            below = (*path, key)
            if entry and key in {"value", "display_value"}:
                below = (*path, "=", entry)
            elif entry and key in {"key", "name", "display_key"}:
                made[key] = self._cleaned(part)
                continue
            made[str(self._cleaned(key))] = self._value(part, below)
        return made

    # -- leaves

    def _number(self, value: float, path: Path) -> JSON:
        key = folded(path[-1]) if path else ""
        if key in _COORDINATES:
            return self._stand_ins.coordinate(int(key.startswith("lo")))
        if not isinstance(value, int) or not _is_personal_number(value, path):
            return value
        text = str(abs(value))
        phone = key in _PHONES
        other = self._stand_ins.phone if phone else self._stand_ins.code
        made = self._learnt(text, other(text))
        self.replaced[_shown(path)] += 1
        return int(made)

    def _text(self, text: str, path: Path) -> str:
        if not text.strip() or text in self._keep:
            return text
        nested = _nested(text)
        if nested is not None:
            made = self._value(nested, path)
            compact = (",", ":") if '": ' not in text else None
            return json.dumps(made, ensure_ascii=False, separators=compact)
        key = _key_of(path)
        if (made := self._of_its_kind(text, key, path)) is not None:
            return made
        if _is_safe(path):
            return text if key in _EXACT else self._cleaned_text(text)
        return self._unknown(text, key)

    def _of_its_kind(self, text: str, key: str, path: Path) -> str | None:
        """Return what stands for a value of a known kind, else None."""
        bare, other = text.strip(), self._stand_ins
        if _URL.fullmatch(bare) and key not in _NAMES | _STREETS:
            return self._url(bare, key)
        person = key in _NAMES or (key == "name" and _is_person(path))
        kinds: tuple[tuple[object, Callable[[str], str]], ...] = (
            (_EMAIL.fullmatch(bare), other.email),
            (key in _IPS or _IP.fullmatch(bare), other.ip),
            (key in _AGENTS, lambda _text: "Mozilla/5.0"),
            (
                key in _COORDINATES,
                lambda _text: str(other.coordinate(int(key[:2] == "lo"))),
            ),
            (key in _PHONES, other.phone),
            (person, other.name),
            (key in _STREETS, self._street),
            (key in _TRACKING_NUMBERS, other.code),
        )
        for fits, make in kinds:
            if fits:
                return self._learnt(text, make(text))
        return None

    def _street(self, text: str) -> str:
        return self._stand_ins.street(text, keep=self._places)

    def _unknown(self, text: str, key: str) -> str:
        """Return what stands for a text of which nothing is known."""
        bare = text.strip()
        if key == "tags":
            tags = (tag.strip() for tag in text.split(","))
            return ", ".join(
                tag if tag in self._keep else self._stand_ins.prose(tag)
                for tag in tags
            )
        harmless = (
            bare.lower() in _FLAGS
            or _MONEY.fullmatch(bare)
            or _DATE.fullmatch(bare)
        )
        if harmless:
            return text
        if _GLOBAL_ID.fullmatch(bare):
            return self._cleaned_text(text)
        if _CODE.fullmatch(bare) and _is_code(bare):
            return self._learnt(text, self._stand_ins.code(text))
        return self._stand_ins.prose(self._within(text))

    def _within(self, text: str) -> str:
        """Return prose with the addresses and links in it replaced."""
        text = _EMAIL.sub(lambda m: self._stand_ins.email(m[0]), text)
        return _URL.sub("https://ejemplo.example/", text)

    # -- addresses of pages

    def _url(self, text: str, key: str) -> str:
        parts = urlsplit(text)
        host = parts.hostname or ""
        follows = key in _TRACKING_LINKS
        ours = bool(host) and host == self._site
        if not (follows or ours or not host):
            return "https://ejemplo.example/"
        path = "/".join(
            self._step(step, follows=follows or ours)
            for step in parts.path.split("/")
        )
        query = "&".join(
            self._parameter(pair) for pair in parts.query.split("&") if pair
        )
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2],
                           path, query, ""))  # fmt: skip

    def _step(self, step: str, *, follows: bool) -> str:
        bare = unquote_plus(step)
        if bare in self._known:
            return quote(self._known[bare], safe="")
        if not follows:
            return step and "pagina"
        secret = len(bare) >= _LONGEST_ID and any(map(str.isdigit, bare))
        return (
            self._stand_ins.code(step) if secret else self._cleaned_text(step)
        )

    def _parameter(self, pair: str) -> str:
        name, equals, given = pair.partition("=")
        value = unquote_plus(given)
        if "%1$s" in value or "%1$s" in given or value.lower() in _FLAGS:
            return pair
        made = self._known.get(value)
        if made is None:
            made = self._learnt(value, self._stand_ins.code(value))
        return f"{name}{equals}{quote(made, safe='')}"

    # -- what is known, in what stays

    def _learnt(self, text: str, made: str) -> str:
        bare = text.strip()
        if bare != made.strip() and bare not in self._places:
            self._known[bare] = made.strip()
        return made

    def _learn_words(self) -> None:
        """Let the words of names be found alone as well."""
        for person in self._people:
            for word in _words(person):
                other = self._stand_ins.word_of(word)
                looked_for = len(word) >= _LEAST_LOOKED_FOR
                if looked_for and other and word not in self._places:
                    self._known.setdefault(word, other)

    def _pattern_of_known(self) -> re.Pattern[str] | None:
        texts = sorted(
            (text for text in self._known if len(text) >= _LEAST_LOOKED_FOR),
            key=len,
            reverse=True,
        )
        if not texts:
            return None
        self._folded = {t.casefold(): self._known[t] for t in texts}
        listed = "|".join(map(re.escape, texts))
        return re.compile(rf"(?<!\w)(?:{listed})(?!\w)", re.IGNORECASE)

    def _cleaned(self, value: JSON) -> JSON:
        return self._cleaned_text(value) if isinstance(value, str) else value

    def _cleaned_text(self, text: str) -> str:
        if self._pattern is None or text in self._keep:
            return text
        return self._pattern.sub(
            lambda found: self._folded.get(found[0].casefold(), found[0]),
            text,
        )

    def _refuse_revealing(self, text: str) -> None:
        """Look once more for whole values, in whatever form JSON has them."""
        plain = text.casefold()
        fresh = {made.casefold() for made in self._known.values()}
        for known in self._known:
            bare = known.casefold()
            if len(bare) < _LEAST_REFUSED or bare in fresh:
                continue
            if json.dumps(bare, ensure_ascii=False)[1:-1] in plain:
                message = "something personal would still be in a body"
                raise Revealing(message)


# ------------------------------------------------------------------ fields


def _key_of(path: Path) -> str:
    """Return the folded name of a field, without its side and marks."""
    steps = [step for step in path if step != "*"]
    key = folded(steps[-1]) if steps else ""
    if len(steps) > 1 and steps[-2] == "=":
        for side in ("billing", "shipping"):
            key = key.removeprefix(side) or key
    return key


def _is_person(path: Path) -> bool:
    """Return whether the object that holds the field is somebody."""
    parents = [folded(step) for step in path[:-1] if step not in {"*", "="}]
    return bool(parents) and parents[-1] in _PEOPLE


def _is_safe(path: Path) -> bool:
    """Return whether a field tells nothing of a person."""
    steps = [step for step in path if step != "*"]
    key = folded(steps[-1]) if steps else ""
    if len(steps) > 1 and steps[-2] == "=":
        return steps[-1].startswith(("pa_", "attribute_"))
    parents = [folded(step) for step in steps[:-1]]
    if key == "code":
        return bool(parents) and parents[-1].startswith("shippingline")
    if key in _PRODUCTS:
        return not any(parent.startswith("discount") for parent in parents)
    return key in _SAFE


def _is_personal_number(value: int, path: Path) -> bool:
    steps = [step for step in path if step != "*"]
    key = folded(steps[-1]) if steps else ""
    parent = folded(steps[-2]) if len(steps) > 1 else ""
    if key == "customerid" or (key == "id" and parent in _CUSTOMERS):
        return value != 0
    asked = len(steps) > 1 and steps[-2] == "="
    return (asked or key in _PHONES) and len(str(abs(value))) >= _LEAST_ID


def _identities(bodies: Iterable[JSON]) -> Iterator[str]:
    """Yield what the order itself is called."""
    for body in bodies:
        told = body if isinstance(body, dict) else {}
        for name in ("id", "order_id", "name", "number", "order_number"):
            if isinstance(told.get(name), str | int):
                yield str(told[name])


def _entry_of(value: Dict[str, JSON]) -> str:
    """Return the name of an entry of name and value, or nothing."""
    for name, part in _META:
        told = value.get(name)
        if part in value and isinstance(told, str):
            return told
    return ""


def _nested(text: str) -> JSON:
    """Return the object or list that a text is in JSON, or None."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _is_code(text: str) -> bool:
    """Return whether a text is rather a code than words."""
    digits = sum(map(str.isdigit, text))
    return " " not in text or digits * 2 >= len(text.replace(" ", ""))


def _shown(path: Path) -> str:
    return ".".join(step for step in path if step not in {"*", "="})


def _words(text: str) -> Iterator[str]:
    for word in re.findall(r"[^\W\d_]+", text):
        if folded(word) not in PARTICLES:
            yield word


def _people_in(bodies: Iterable[JSON]) -> Iterator[str]:
    """Yield what people are called, but for companies."""
    for path, text in _leaves(bodies, ()):
        key = _key_of(path)
        named = key in _NAMES and key not in {"company", "empresa"}
        if named or (key == "name" and _is_person(path)):
            yield text


def _strings_of(bodies: Iterable[JSON], keys: frozenset[str]) -> Iterator[str]:
    for path, text in _leaves(bodies, ()):
        if _key_of(path) in keys:
            yield text


def _leaves(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        nested = _nested(value)
        if nested is None:
            yield path, value
        else:
            yield from _leaves(nested, path)
    elif isinstance(value, dict):
        entry = _entry_of(value)
        for key, part in value.items():
            told = entry and key in {"value", "display_value"}
            below = (*path, "=", entry) if told else (*path, key)
            yield from _leaves(part, below)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part, (*path, "*"))
