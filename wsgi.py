"""What gunicorn loads."""

from app.factory import web
from config import Config

app = web(Config.from_env())
