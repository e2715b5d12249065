import uvicorn

from .settings import Settings

if __name__ == "__main__":
    uvicorn.run("app.main:app", host="0.0.0.0", port=Settings.from_env().port)
