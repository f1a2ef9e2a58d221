"""Alembic's entry. The caller gives a connection; nothing is read from files or the environment."""

from alembic import context

from ostiary.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
