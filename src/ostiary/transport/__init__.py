"""
The two ways in which a brand's adapter reaches its vendor.

`network.NetworkHttp` goes over sockets, `in_process.InProcessHttp` straight into a simulator. Both are the
port's `ProviderHttp`, and the contract tests of the brands run over both. Nothing is imported here: a
server that has only sandboxes never loads the HTTP client.
"""
