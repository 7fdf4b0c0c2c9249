"""A stand-in for the function that the verifier's child runs: it hangs on one text, by request."""

import time

from collate.scoring.verifier import judge_request as judge_soundly


def judge_request(batch: list[list]) -> list[list[str | None]]:
    if any("hang here" in request[2] for request in batch):
        time.sleep(60)
    return judge_soundly(batch)
