"""What every peer is given to do."""

PARAMS = {"model": "resnet18"}
# SQLite takes the loss from the row that has the greatest epoch
LAST_LOSSES = "SELECT track_id, loss, max(epoch) FROM events GROUP BY track_id"
calls = 0  # of `power` in this process: a hit makes none


def event(epoch):
    return {"accuracy": 1 - 1 / (epoch + 2), "loss": 1 / (epoch + 1), "epoch": epoch}


def run_name(number):
    return f"run-{number:05}"


def power(x, y):
    """The function whose results are cached: quick, so that what is seen is the cache."""
    global calls  # noqa: PLW0603 - the one thing to see from outside whether it was called
    calls += 1
    return x**y
