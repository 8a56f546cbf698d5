"""The only place where engines and sessions are made.

One request or job is one transaction, opened and committed at the edge (web, worker, command line);
services and repositories never commit.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, Engine, MetaData, Uuid, create_engine
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from project_box.kernel.plain import to_plain
from project_box.kernel.settings import Settings, get_settings

#: schemas, one per room, in the order in which they depend on each other
SCHEMAS = ("box", "gis", "drawings", "elements", "intermediaries", "approval")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Base(DeclarativeBase):
    """Base of every table. A room's models set ``__table_args__ = {"schema": "<room>"}``."""

    metadata = metadata
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        uuid.UUID: Uuid(as_uuid=True),
    }


#: timezone-aware timestamp; all times are stored in UTC
Timestamp = DateTime(timezone=True)
__all__ = ["JSON", "SCHEMAS", "Base", "Database", "Timestamp", "database_from_settings", "metadata"]


def _dumps(value: Any) -> str:
    return json.dumps(to_plain(value), ensure_ascii=False, allow_nan=False)


class Database:
    """An engine and its sessions.

    Args:
        url: SQLAlchemy URL (``postgresql+psycopg2://…``).
        pool_size: connections kept open.
    """

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = url
        self.engine: Engine = create_engine(
            url, pool_size=pool_size, max_overflow=8, pool_pre_ping=True, json_serializer=_dumps
        )
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._last_acts: list[Callable[[], None]] = []

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits when the block ends and rolls back when it raises."""
        with self._sessions() as session:
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    def when_disposed(self, act: Callable[[], None]) -> None:
        """Have something done, once, when the database is disposed of: what holds connections of its own ends then."""
        self._last_acts.append(act)

    def dispose(self) -> None:
        """Close all connections."""
        while self._last_acts:
            self._last_acts.pop()()
        self.engine.dispose()


def database_from_settings(settings: Settings | None = None) -> Database:
    """The platform's database: ``PROJECT_BOX_DATABASE_URL``, or the embedded cluster (started if it is down)."""
    settings = settings or get_settings()
    url = settings.database_url
    if url is None:
        from project_box.kernel import embedded  # only needed without a server of one's own

        url = embedded.ensure_running(settings.var_dir)
    elif url.startswith("postgresql://"):
        url = "postgresql+psycopg2://" + url.removeprefix("postgresql://")
    return Database(url)
