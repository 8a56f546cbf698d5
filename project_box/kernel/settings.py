"""Settings, read from the environment (prefix ``PROJECT_BOX_``)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Where things are and how the servers listen.

    Attributes:
        database_url: SQLAlchemy URL of a PostgreSQL + PostGIS; None means the embedded cluster in ``var_dir``.
        var_dir: everything the running platform writes.
        storage_url: fsspec URL of the file store; None means ``<var_dir>/files``.
        host, port: where the web server listens (loopback by default).
        public_url: base of the addresses printed in QR codes.
        secure_cookies: set where the platform is served by HTTPS.
        max_upload_bytes: limit of one uploaded file.
        background_bytes: drawings handed in together that are larger are read by the worker, not in the request.
        session_hours: life of a signed-in session.
        tile_cache_bytes: limit of the map tiles kept in ``<var_dir>/tiles``.
        tile_memory_bytes: limit of the map tiles each web process keeps in memory.
        pack_bytes: limit of the packed pieces of plan layers in ``<var_dir>/packs``; 0 for none.
        demo: whether demo accounts may be shown (only ever for the embedded database).
    """

    model_config = SettingsConfigDict(env_prefix="PROJECT_BOX_", extra="ignore")

    database_url: str | None = None
    var_dir: Path = REPOSITORY_ROOT / "var"
    storage_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 8765
    public_url: str | None = None
    secure_cookies: bool = False
    max_upload_bytes: int = Field(default=200 * 1024 * 1024, gt=0)
    background_bytes: int = Field(default=15 * 1024 * 1024, ge=0)
    session_hours: int = Field(default=12, gt=0)
    tile_cache_bytes: int = Field(default=1024 * 1024 * 1024, gt=0)
    tile_memory_bytes: int = Field(default=64 * 1024 * 1024, gt=0)
    pack_bytes: int = Field(default=16 * 1024 * 1024 * 1024, ge=0)
    seal_passphrase: str | None = None

    @property
    def demo(self) -> bool:
        """True when the platform runs on its own embedded demo database."""
        return self.database_url is None

    @property
    def base_url(self) -> str:
        """Address people reach the platform at."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


@lru_cache
def get_settings() -> Settings:
    """The process's settings, read once."""
    return Settings()
