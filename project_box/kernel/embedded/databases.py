"""Databases of a server: made with PostGIS in them, dropped only where made here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from sqlalchemy.engine import make_url

from project_box.kernel.embedded.cluster import DATABASE, EmbeddedDatabaseError, last_line
from project_box.kernel.embedded.place import recorded

_MARK = "created by project-box"


def create_database(url_or_var: str | Path, name: str, *, template: str | None = None) -> str:
    """Create a database with PostGIS in it, for tests say, and return its SQLAlchemy URL.

    Args:
        url_or_var: SQLAlchemy URL of any database of the server (``str``), or the ``var_dir`` of a running
            embedded cluster (``Path``).
        name: name of the new database: lower-case letters, digits and underscores.
        template: database to copy, a migrated one for instance; nobody may be connected to it.

    Raises:
        EmbeddedDatabaseError: the name is not usable or taken, or the server is down.
    """
    server = _server_url(url_or_var)
    complete_database(server, name, template=template, exist_ok=False)
    return _at(server, name)


def drop_database(url_or_var: str | Path, name: str) -> bool:
    """Drop a database made by :func:`create_database`, ending its sessions. Returns whether it was there.

    Raises:
        EmbeddedDatabaseError: this module has not created that database.
    """
    server = _server_url(url_or_var)
    _check_name(name)
    with session(server) as cursor:
        cursor.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", (name,)
        )
        row = cursor.fetchone()
        if row is None:
            return False
        if row[0] != _MARK or name == DATABASE:
            raise EmbeddedDatabaseError(
                f"数据库 {name} 不是由本平台的 create_database 建立的，拒绝删除。",
                f"database {name} was not created by create_database; refusing to drop it",
            )
        cursor.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
    return True


def _server_url(url_or_var: str | Path) -> str:
    if isinstance(url_or_var, str):
        return url_or_var
    cluster = recorded(url_or_var.resolve())
    if cluster is None:
        raise EmbeddedDatabaseError(
            f"{url_or_var} 下没有内置数据库。", f"no embedded database in {url_or_var}"
        )
    return cluster.url_of("postgres")


def _at(url: str, name: str) -> str:
    """The same server's database ``name``; slashes stay slashes, as Alembic's settings dislike percent signs."""
    return make_url(url).set(database=name).render_as_string(hide_password=False).replace("%2F", "/")


def _check_name(name: str) -> None:
    if re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name) is None or name.startswith(
        ("pg_", "template", "postgres")
    ):
        raise EmbeddedDatabaseError(f"数据库名 {name!r} 不可用。", f"{name!r} is no usable database name")


def complete_database(server: str, name: str, *, template: str | None, exist_ok: bool) -> None:
    """Create ``name`` with PostGIS. A half-made one of an interrupted attempt is completed."""
    _check_name(name)
    with session(server) as cursor:
        cursor.execute("select 1 from pg_database where datname = %s", (name,))
        if cursor.fetchone() is None:
            statement = sql.SQL("create database {} encoding 'UTF8' template {}").format(
                sql.Identifier(name), sql.Identifier(template or "template0")
            )
            cursor.execute(statement)
            cursor.execute(
                sql.SQL("comment on database {} is {}").format(sql.Identifier(name), sql.Literal(_MARK))
            )
        elif not exist_ok:
            raise EmbeddedDatabaseError(f"数据库 {name} 已经存在。", f"database {name} exists already")
    with session(_at(server, name)) as cursor:
        cursor.execute("select 1 from pg_extension where extname = 'postgis'")
        if cursor.fetchone() is None:
            cursor.execute("create extension postgis")


@contextmanager
def session(url: str) -> Iterator[psycopg2.extensions.cursor]:
    """A cursor of an own connection, every statement its own transaction; database errors become ours."""
    parsed = make_url(url)
    connection: Connection | None = None
    try:
        connection = psycopg2.connect(
            dbname=parsed.database,
            user=parsed.username,
            password=parsed.password,
            host=parsed.host or str(parsed.query.get("host", "")) or None,
            port=parsed.port or str(parsed.query.get("port", "")) or None,
            connect_timeout=10,
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
    except psycopg2.Error as error:
        raise EmbeddedDatabaseError(f"数据库操作失败：{last_line(str(error))}", str(error).strip()) from error
    finally:
        if connection is not None:
            connection.close()
