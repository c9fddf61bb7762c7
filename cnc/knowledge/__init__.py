"""The knowledge base: entries, the SQL store, the FAISS index, retrieval.

May import `cnc.messages`, `cnc.settings` and `cnc.errors`; vectors arrive as arguments, so that
no model is loaded here. Only `index` imports faiss and only `store` SQLAlchemy.
"""
