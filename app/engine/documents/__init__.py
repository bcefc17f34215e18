"""Documents that a client names instead of sending them: those of loaded manifests, and those it registered by their
hash. It says which text a request stands for and whether this client may run it; running it is the executor's."""

from app.engine.documents.asked import Asked
from app.engine.documents.library import Documents

__all__ = ["Asked", "Documents"]
