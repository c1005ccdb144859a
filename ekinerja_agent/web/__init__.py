"""What this agent says over HTTP: `/health` and `/metrics`.

Promises that a request is cheap and never reaches a terminal. `app` puts the pages together, each page family is a
module with its `routes`, `server` runs it inside the service. Starlette and uvicorn live here only.
"""
