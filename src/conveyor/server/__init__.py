"""The champion behind HTTP. Needs what `serving` needs, Starlette and uvicorn; no pandas."""
