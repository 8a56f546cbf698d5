"""The web room: the composition root. Routes (JSON and HTML), sign-in, command line, worker, migrations, seed data.

Glossary
--------
Page / twin     every page has a JSON twin under ``/api/v1``; both are made by one function in ``web.views``.
Edge            where a transaction begins and ends: one request, one job, one command.
"""
