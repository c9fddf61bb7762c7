"""The knowledge base: entries, the SQL store, the FAISS index, retrieval.

May import `cnc.messages`, `cnc.settings` and `cnc.errors`; vectors arrive as arguments, so that
no model is loaded here. Only `index` and `index_file` import faiss; only `database`, `tables`,
`rows`, `words` and `store` SQLAlchemy. Never decides anything: orchestrators ask, and processes
persist.
"""
