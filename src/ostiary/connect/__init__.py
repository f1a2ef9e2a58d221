"""
Connect Webview pages: a person opens a link, chooses a brand, logs in at the vendor, and is done.

`login` holds the transactions, `pages` the requests, `screens` the HTML around the templates, `wording`
the sentences that depend on the case, and `assets` what a page loads. Everything works without JavaScript.
"""
