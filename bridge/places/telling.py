"""
Words that help to find a door, and so are no neighbourhood's name.

A second line holds a colonia or barrio without any mark as often as `Portón
negro`, `Gracias` or `Taller El Güero`. Names of neighbourhoods have none of
these words, or so rarely that asking a person is right.
"""

import re

from bridge.places.text import folded

_NOTHING = frozenset(
    {"", "na", "nada", "ninguna", "ninguno", "no", "noaplica", "sin", "x"}
)
"""What people fill into a field that they must fill in."""

_TELLS = re.compile(
    # parts of a house, and units whose number is missing
    r"apartamento|apto|azotea|barda|bodega|casa|caseta|cochera|cuarto|depa"
    r"|departamento|depto|dpto|edificio|entrada|exterior|fachada|gara[gj]e"
    r"|habitacion|int|interfon|interior|lobby|local|locales|nave|oficinas?"
    r"|piso|planta|porteria|porton|puerta|recepcion|rejas?|salida|sotano"
    r"|timbre|torre|ventanas?|vigilancia|zaguan"
    # where it is
    r"|cerca|costado|cuadras?|derecha|detras|enfrente|esquina|fondo|frente"
    r"|izquierda|junto|lado|vuelta"
    # what to do
    r"|avisar|dejar|entregar?|favor|gracias|horario|llamar|paquete|pedido"
    r"|porfavor|preguntar|recibe|recoger?|referencias?|regalo|tocar|urgente"
    # who
    r"|atencion|atn|atte|fam|familia|senora?|sra?|srita"
    # how to call
    r"|cel|celular|correo|tel|telefono|whatsapp"
    # what stands there
    r"|banco|bar|capilla|clinica|consultorio|corporativo|despacho|empresa"
    r"|escuela|estacionamiento|estetica|fabrica|farmacia|gasolinera|gimnasio"
    r"|grupo|gym|hospital|hotel|iglesia|kinder|negocio|notaria|oxxo"
    r"|parroquia|plaza|primaria|restaurante?|salon|secundaria|supermercado"
    r"|taller|templo|tienda|walmart"
    # who works there: panaderia, papeleria, ferreteria
    r"|[a-z]{4,}eria"
    # what is no name
    r"|color|privad[ao]"
)
"""Folded words."""


def is_nothing(text: str) -> bool:
    """Return whether *text* says that there is nothing to say."""
    return folded(text) in _NOTHING


def is_no_name(text: str) -> bool:
    """Return whether *text* rather tells how to find a door."""
    return any(_TELLS.fullmatch(folded(word)) for word in text.split())
