"""An HTTP server for one model, by Starlette and uvicorn."""
