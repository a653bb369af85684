"""What the Python servers run: 200 and three bytes, and a line of requests.log for each request executed."""
import os

LOG = os.open("requests.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def execute(request_id):
    os.write(LOG, (request_id + "\n").encode("ascii"))


def application(environ, start_response):
    environ["wsgi.input"].read()
    execute(environ.get("HTTP_X_REQUEST_ID", "-"))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\n"]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    execute(next((value.decode("ascii") for name, value in scope["headers"] if name == b"x-request-id"), "-"))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain"), (b"content-length", b"3")]})
    await send({"type": "http.response.body", "body": b"ok\n"})
