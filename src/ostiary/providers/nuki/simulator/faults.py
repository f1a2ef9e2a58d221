"""The faults that the simulated Nuki cloud knows, and what its refusals look like."""

from ostiary.simulation.answers import html_error
from ostiary.simulation.faults import FROM_A_PROXY, Faults

from .refusals import bad_token, busy

FAULTS = Faults(
    {
        **FROM_A_PROXY,
        "http_502_html": lambda fault: html_error(502, "Bad Gateway"),
        "http_401": lambda fault: bad_token().answer,
        "busy": lambda fault: busy().answer,
    },
    jobs=("lost", "late"),
)
