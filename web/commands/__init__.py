"""Commands of ``project-box``: every module here exports ``register(app)``."""
