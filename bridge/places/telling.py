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
    | {"otra", "otro", "notiene"}
)
"""What people fill into a field that they must fill in."""
_UNCHOSEN = re.compile(
    r"(?:seleccion[ae]|elige|elija|escog[ea]|selectan?option|chooseanoption).*"
)
"""Folded first line of a checkout's list in which nobody chose."""

_TELLS = re.compile(
    # parts of a house, and units whose number is missing
    r"apartamento|apto|azotea|barda|bodega|casa|caseta|cochera|cuarto|depa"
    r"|departamento|depto|dpto|edificio|entrada|exterior|fachada|gara[gj]e"
    r"|habitacion|int|interfon|interior|lobby|local|locales|nave|nivel"
    r"|oficinas?|piso|planta|porteria|porton|puerta|recepcion|rejas?|salida|sotano"
    r"|timbre|torre|ventanas?|vigilancia|zaguan"
    # where it is
    r"|cerca|costado|cuadras?|derecha|detras|enfrente|esquina|fondo|frente"
    r"|izquierda|junto|lado|vuelta"
    # when
    r"|lunes|martes|miercoles|jueves|viernes|sabados?|solo|tardes?"
    # what to do
    r"|avisar|contraentrega|efectivo|dejar|entregar?|favor|gracias|horario|llamar|paquete|pedido"
    r"|porfavor|preguntar|recibe|recoger?|referencias?|regalo|tocar|urgente"
    # who
    r"|atencion|atn|atte|fam|familia|senora?|sra?|srita|vecin[oa]s?"
    # how to call
    r"|cel|celular|correo|tel|telefono|whatsapp"
    # what stands there
    r"|abarrotes|banco|bar|capilla|clinica|consultorio|corporativo|despacho|empresa"
    r"|escuela|estacionamiento|estetica|fabrica|farmacia|gasolinera|gimnasio"
    r"|grupo|gym|hospital|hotel|iglesia|kinder|negocio|notaria|oxxo"
    r"|parroquia|plaza|primaria|restaurante?|salon|secundaria|supermercado"
    r"|aurrera|chedraui|costco|exito|soriana"
    r"|taller|templo|tienda|walmart"
    # who works there: panaderia, papeleria, ferreteria
    r"|[a-z]{4,}eria"
    # what is no name
    r"|color|privad[ao]"
)
"""Folded words."""
_ERRANDS = re.compile(
    r"avisar|dejar|entreg(?:ar|a|uen)|enviar|favor|llevar|ocurre|paqueteria"
    r"|pasar|reclam[ae]r?|recog(?:er|e|en|ida)|recibe|retir[ao]r?|sucursal"
    # an office, a shop, a hotel
    r"|dhl|estafeta|fedex|servientrega|interrapidisimo|empresa|farmacia"
    r"|gasolinera|hotel|oficinas?|oxxo|restaurante?|taller|tienda|walmart"
    # what the field is called
    r"|direccion|domicilio|mi|casa|viv[eo]"
)
"""Folded words that no street's name begins with."""
_CITIES = re.compile(
    r"acapulco|aguascalientes|campeche|cancun|celaya|chetumal|chihuahua"
    r"|ciudaddemexico|ciudadjuarez|ciudadobregon|ciudadvictoria|colima"
    r"|cuernavaca|culiacan|durango|ecatepec|ensenada|guadalajara"
    r"|hermosillo|irapuato|leon|matamoros|mazatlan|merida|mexicali"
    r"|monclova|monterrey|morelia|nuevolaredo|oaxaca|pachuca"
    r"|piedrasnegras|playadelcarmen|puebla|puertovallarta|queretaro"
    r"|reynosa|saltillo|sanluispotosi|tampico|tapachula|tepic|tijuana"
    r"|tlaxcala|toluca|torreon|tuxtlagutierrez|uruapan|veracruz"
    r"|villahermosa|xalapa|zacatecas|zapopan|barrancabermeja|barranquilla"
    r"|bogota|bucaramanga|buenaventura|cali|cartagena|cucuta|dosquebradas"
    r"|ibague|manizales|medellin|monteria|neiva|pasto|pereira|popayan"
    r"|riohacha|santamarta|sincelejo|tunja|valledupar|villavicencio"
)
"""Folded: what stands in a line is this more often than a neighbourhood."""


def is_nothing(text: str) -> bool:
    """Return whether *text* says that there is nothing to say."""
    word = folded(text)
    return word in _NOTHING or _UNCHOSEN.fullmatch(word) is not None


def begins_with_errand(street: str) -> bool:
    """Return whether *street* begins with what is to be done there."""
    first = street.split(maxsplit=1)[:1]
    return any(_ERRANDS.fullmatch(folded(word)) for word in first)


def is_no_name(text: str) -> bool:
    """Return whether *text* rather tells a door, another city, an address."""
    if "@" in text or _CITIES.fullmatch(folded(text)):
        return True
    return any(_TELLS.fullmatch(folded(word)) for word in text.split())
