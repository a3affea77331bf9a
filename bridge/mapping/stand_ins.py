"""
Invented values that stand for personal ones, in their form.

Within one `StandIns` the same value is always replaced by the same one, so
that a full name still is the first and the last name, and billing and
shipping are still alike. What is chosen follows from the order in which
values are met, never from the values.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import phonenumbers

from bridge.places import phones
from bridge.places.text import folded

_NAMES = (
    "Elena", "Marcos", "Lucía", "Bruno", "Irene", "Tomás", "Clara", "Hugo",
    "Nora", "Pablo", "Julia", "Andrés", "Marta", "Iván", "Sonia", "Raúl",
    "Olga", "Félix", "Alicia", "Gael", "Salas", "Robles", "Campos", "Vega",
    "Prado", "Rivas", "Lagos", "Montes", "Serrano", "Ibarra", "Cuevas",
    "Solano", "Arroyo", "Peralta", "Quiroga", "Valdés", "Zamora", "Ocampo",
)  # fmt: skip
_STREETS = (
    "Encino", "Fresno", "Sauce", "Laurel", "Jacaranda", "Nogal", "Cedro",
    "Olmo", "Abedul", "Ciprés", "Roble", "Magnolia", "Violeta", "Azucena",
    "Girasol", "Clavel", "Amapola", "Romero", "Tomillo", "Albahaca",
    "Lavanda", "Hortensia", "Camelia", "Gardenia", "Almendro", "Naranjo",
)  # fmt: skip
_WORDS = (
    "mesa", "lluvia", "ventana", "camino", "verde", "tarde", "puente",
    "blanco", "barco", "nube", "piedra", "faro", "jardín", "molino", "arena",
    "lento", "plato", "risa", "viento", "cuadro", "silla", "monte", "río",
    "lámpara", "cesta", "papel", "hoja", "bosque", "sendero", "playa",
)  # fmt: skip
PARTICLES = frozenset(
    {
        "a", "al", "an", "con", "cv", "d", "da", "de", "del", "di", "do", "e",
        "el", "en", "es", "inc", "la", "las", "le", "lo", "los", "ltda", "mi",
        "n", "no", "o", "para", "por", "que", "rl", "s", "sa", "sapi", "sas",
        "se", "si", "su", "u", "un", "una", "van", "von", "y",
    }
)  # fmt: skip
"""Words that name nobody."""
_WORD = re.compile(r"[^\W\d_]+")
_OF_ADDRESSES = """
calle calles c cl cll clle av ave avenida ak ac blvd boulevard bulevar
calz calzada priv privada cda cerrada callejón andador paseo eje prol
prolongación camino circuito retorno ret diagonal diag dg periférico
viaducto vía carretera carr autopista libramiento km kilómetro lote lt
manzana mza mz supermanzana smza sm región int interior depto
departamento dpto dep apartamento apto apt local oficina ofna of piso
torre edificio edif casa suite bodega despacho consultorio nivel colonia
col fraccionamiento fracc barrio brr br ejido pueblo unidad habitacional
uh entre esq esquina x sur norte nte oriente ote poniente pte este oeste
núm numero nro bis sin cp cra carrera kra cr kr transversal transv tv
circular conjunto bloque etapa urbanización urb vereda sector frente
junto zona bloq blq residencial cond condominio glorieta plaza parque
mercado centro sección secc rancho
"""
STRUCTURE = PARTICLES | frozenset(map(folded, _WORD.findall(_OF_ADDRESSES)))
"""Words of an address that say what its other words are."""

_RUN = re.compile(r"\d+")
_LONGEST_MARK = 2
_LEAST_DIGITS = 6
"""So many digits of a phone are replaced, from its end."""


class StandIns:
    """
    Makes stand-ins.

    Args:
        country: two letters; of phones without a country code.
        taken: folded words that are no stand-in, as somebody is called so.
    """

    def __init__(self, country: str, taken: Iterable[str] = ()) -> None:
        self._country = country
        self._taken = frozenset(taken)
        self._words: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._values: dict[tuple[str, str], str] = {}
        self._codes: set[str] = set()
        self._next: dict[str, int] = {}

    # -- words

    def name(self, text: str) -> str:
        """Return another name, or company, of as many words."""
        return self._replaced(text, _NAMES, PARTICLES)

    def street(self, text: str, *, keep: Iterable[str] = ()) -> str:
        """
        Return another address line of the same form.

        Args:
            keep: numbers that stay: the postal code.
        """
        kept = frozenset(keep)
        words = self._replaced(text, _STREETS, STRUCTURE)
        return _RUN.sub(
            lambda found: (
                found[0] if found[0] in kept else self.number(found[0])
            ),
            words,
        )

    def prose(self, text: str) -> str:
        """Return other words on as many lines, with other digits."""
        words = self._replaced(text, _WORDS, PARTICLES)
        return _RUN.sub(lambda found: self.number(found[0]), words)

    def _replaced(
        self,
        text: str,
        pool: Sequence[str],
        kept: frozenset[str],
    ) -> str:
        def other(found: re.Match[str]) -> str:
            word, plain = found[0], folded(found[0])
            before = text[found.start() - 1 : found.start()]
            of_number = before.isdigit() and len(word) <= _LONGEST_MARK
            if plain in kept or len(word) == 1 or of_number or before == "&":
                return word  # `93A`, `S.A. de C.V.`, `&times;`
            return _in_case_of(word, self._word(plain, pool))

        return _WORD.sub(other, text)

    def _word(self, plain: str, pool: Sequence[str]) -> str:
        known = self._words.get(plain)
        if known is None:
            used = {folded(word) for word in self._words.values()}
            candidates = (_nth(pool, n) for n in range(len(pool) ** 3))
            known = self._words[plain] = next(
                word
                for word in candidates
                if folded(word) not in self._taken | used
            )
        return known

    def word_of(self, text: str) -> str | None:
        """Return what stands for a single word, if anything does."""
        known = self._words.get(folded(text))
        return None if known is None else _in_case_of(text, known)

    # -- numbers and codes

    def number(self, digits: str) -> str:
        """Return another number of as many digits."""
        known = self._numbers.get(digits)
        if known is None:
            nth = self._count("number")
            known = _digits(nth, len(digits))
            while known == digits:
                nth += 1
                known = _digits(nth, len(digits))
            self._numbers[digits] = known
        return known

    def code(self, text: str) -> str:
        """Return another code of the same form: a token, a document."""
        return self._kept("code", text.strip().casefold(), text, self._code)

    def _code(self, text: str, nth: int) -> str:
        tries = (_coded(text, seed) for seed in range(nth, nth + 500))
        made = next(
            (one for one in tries if one not in {text, *self._codes}), text
        )
        self._codes.add(made)
        return made

    def email(self, text: str) -> str:
        """Return another address that reaches nobody."""
        return self._kept(
            "email",
            text.strip().casefold(),
            text,
            lambda _text, nth: f"persona{nth}@example.com",
        )

    def ip(self, text: str) -> str:
        """Return an address of those kept for documentation."""
        pattern = "2001:db8::{:x}" if ":" in text else "192.0.2.{}"
        return self._kept(
            "ip", text, text, lambda _text, nth: pattern.format(nth)
        )

    def coordinate(self, nth: int) -> float:
        """Return a place in the Pacific."""
        return 10.25 if nth == 0 else -120.25

    def phone(self, text: str) -> str:
        """
        Return another phone, as valid as *text* is, typed like it.

        One number is replaced by one other, however it is typed.
        """
        number = phones.e164(text, self._country)
        if number is None:
            return self._invalid_phone(text)
        parsed = phonenumbers.parse(number)
        national = phonenumbers.national_significant_number(parsed)
        digits = "".join(_RUN.findall(text))
        at = digits.rfind(national)
        fresh = self._kept(
            "phone",
            number,
            national,
            partial(_valid_phone, parsed.country_code or 0),
        )
        if at < 0:
            return f"+{parsed.country_code}{fresh}"
        end = at + len(national)
        tail = _digits(1, len(digits) - end)  # an extension
        return _with_digits(text, f"{digits[:at]}{fresh}{tail}")

    def _invalid_phone(self, text: str) -> str:
        digits = "".join(_RUN.findall(text))
        return self._kept("phone", digits, text, self._still_invalid)

    def _still_invalid(self, text: str, nth: int) -> str:
        size = sum(map(len, _RUN.findall(text)))
        made = text
        for step in range(100):
            made = _with_digits(text, _digits(nth + step, size))
            if made != text and phones.e164(made, self._country) is None:
                return made
        return _with_digits(text, "1" * size)

    # -- what is kept

    def _kept(
        self, kind: str, key: str, text: str, make: Callable[[str, int], str]
    ) -> str:
        known = self._values.get((kind, key))
        if known is None:
            known = make(text, self._count(kind))
            self._values[kind, key] = known
        return known

    def _count(self, kind: str) -> int:
        self._next[kind] = self._next.get(kind, 0) + 1
        return self._next[kind]


def _valid_phone(country_code: int, national: str, nth: int) -> str:
    """Return another number of the same area, valid as *national* is."""
    head, size = national[:-_LEAST_DIGITS], _LEAST_DIGITS
    for step in range(1_000):
        tail = (nth * 7_919 + step * 104_729 + 100_003) % 10**size
        made = f"{head}{tail:0{size}d}"
        if made != national and phones.e164(f"+{country_code}{made}", ""):
            return made
    return national[:-1] + _digits(nth, 1)


def _nth(pool: Sequence[str], n: int) -> str:
    """Return the *n*th word: those of *pool*, then two and three as one."""
    rest, first = divmod(n, len(pool))
    return pool[first] + (_nth(pool, rest - 1).lower() if rest else "")


def _in_case_of(word: str, other: str) -> str:
    if word.isupper() and len(word) > 1:
        return other.upper()
    if word.islower():
        return other.lower()
    return other[:1].upper() + other[1:]


def _digits(nth: int, size: int) -> str:
    """Return *size* digits, none of them 0."""
    return "".join(
        str((nth * 7 + step * step * 3 + nth * step) % 9 + 1)
        for step in range(size)
    )


def _with_digits(text: str, digits: str) -> str:
    """Return *text* with its digits replaced by *digits*, one by one."""
    left = iter(digits)
    return "".join(
        next(left, "1") if sign.isdigit() else sign for sign in text
    )


def _coded(text: str, nth: int) -> str:
    """Return *text* with each sign replaced by one of its sort."""
    hexadecimal = re.fullmatch(r"[0-9a-fA-F-]+", text) is not None
    letters = "abcdef" if hexadecimal else "abcdefghjkmnpqrstuvwxyz"
    made = []
    for step, sign in enumerate(text):
        seed = nth * 5 + step * step + step * nth + 1
        if sign.isdigit():
            made.append(str(seed % 9 + 1))
        elif sign.isalpha():
            letter = letters[seed % len(letters)]
            made.append(letter.upper() if sign.isupper() else letter)
        else:
            made.append(sign)
    return "".join(made)
