"""Routes: every module here exports ``pages`` (HTML) and/or ``api`` (JSON) and is mounted by web.app."""
