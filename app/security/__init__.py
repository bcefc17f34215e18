"""The security room: who is calling. It knows keys, tokens, outside issuers and the `Authorization` header; what a
scope opens is decided by `app.engine`, what a tenant sees by `app.store`. Whether an organisation exists is asked
through a function that is handed in."""

from app.security.authenticate import Authenticator
from app.security.issuers import Issuers, open_issuers
from app.security.keys import KeyRing, open_key_ring
from app.security.tokens import Tokens, open_tokens

__all__ = ["Authenticator", "Issuers", "KeyRing", "Tokens", "open_issuers", "open_key_ring", "open_tokens"]
