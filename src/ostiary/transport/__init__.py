"""
The two ways in which a brand's adapter reaches its vendor.

`NetworkHttp` goes over sockets, `InProcessHttp` straight into a simulator. Both are the port's
`ProviderHttp`, and the contract tests of the brands run over both.
"""

from .in_process import InProcessHttp
from .network import NetworkHttp

__all__ = ["InProcessHttp", "NetworkHttp"]
