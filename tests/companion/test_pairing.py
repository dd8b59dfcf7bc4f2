"""The rules of who may come in: codes, sessions, limits."""

from __future__ import annotations

import pytest

pytest.importorskip("aiohttp", reason="the companion needs fingerpost[companion]")

from fingerpost.companion.safety.codes import Codes
from fingerpost.companion.safety.limits import Limit
from fingerpost.companion.safety.pairing import ATTEMPTS, LIFE_SECONDS, MOST_WRONG, WINDOW_SECONDS, Pairing
from fingerpost.companion.safety.sessions import IDLE_SECONDS, MOST_SESSIONS, Sessions
from fingerpost.companion.safety.sessions import LIFE_SECONDS as SESSION_SECONDS
from tests.visitors import Clock, other_than


def test_a_code_is_six_digits_and_good_once():
    pairing = Pairing(Clock())
    code = pairing.issue()
    assert len(code) == 6
    assert code.isdigit()
    assert pairing.attempt(code).is_right
    assert not pairing.attempt(code).is_right


def test_a_code_is_good_for_ten_minutes():
    clock = Clock()
    pairing = Pairing(clock)
    code = pairing.issue()
    clock.at += LIFE_SECONDS
    assert pairing.code == ""
    assert not pairing.attempt(code).is_right


def test_without_a_code_nothing_is_right():
    for text in ("", "------", "000000", "\u0660\u0661", "1" * 1000):
        assert not Pairing(Clock()).attempt(text).is_right


def test_five_wrong_codes_void_the_right_one():
    clock = Clock()
    pairing = Pairing(clock)
    code = pairing.issue()
    for _ in range(MOST_WRONG):
        assert not pairing.attempt(other_than(code)).is_right
    clock.at += WINDOW_SECONDS
    assert pairing.was_guessed
    assert not pairing.attempt(code).is_right


def test_more_than_five_attempts_a_minute_are_not_looked_at():
    clock = Clock()
    pairing = Pairing(clock)
    for _ in range(ATTEMPTS):
        pairing.attempt("000000")
    code = pairing.issue()
    refused = pairing.attempt(code)
    assert not refused.is_right
    assert 0 < refused.retry_seconds <= WINDOW_SECONDS + 1
    clock.at += refused.retry_seconds
    assert pairing.attempt(code).is_right


def test_there_is_always_a_code_on_the_screen_but_later_and_later_after_guesses():
    clock, shown = Clock(), []
    pairing = Pairing(clock)
    codes = Codes(pairing, shown.append, clock)
    codes.step()
    assert shown == [pairing.code]
    for pause in (60.0, 120.0, 240.0):
        for _ in range(MOST_WRONG):
            pairing.attempt(other_than(shown[-1]))
        codes.step()
        before = len(shown)
        clock.at += pause - 1.0
        codes.step()
        assert len(shown) == before
        clock.at += 1.0
        codes.step()
        assert len(shown) == before + 1
    assert pairing.attempt(shown[-1]).is_right
    codes.calm()
    codes.step()
    assert len(shown) == 5


def test_a_session_ends_when_it_idles_and_after_half_a_day():
    clock = Clock()
    sessions = Sessions(clock)
    idle, _ = sessions.begin(network=False)
    used, session = sessions.begin(network=False)
    for _ in range(int(SESSION_SECONDS / IDLE_SECONDS * 2) - 1):
        clock.at += IDLE_SECONDS / 2
        assert sessions.find(used, network=False) is session
    assert sessions.find(idle, network=False) is None
    clock.at += IDLE_SECONDS / 2
    assert sessions.find(used, network=False) is None


def test_a_session_with_a_live_view_does_not_idle_and_takes_the_view_with_it():
    clock, closed = Clock(), []
    sessions = Sessions(clock)
    secret, session = sessions.begin(network=False)
    session.views.append(lambda: closed.append(True))
    clock.at += IDLE_SECONDS
    assert sessions.find(secret, network=False) is session
    sessions.end(session)
    assert closed
    assert sessions.find(secret, network=False) is None


def test_a_session_is_good_for_the_way_it_came_alone():
    sessions = Sessions(Clock())
    secret, _ = sessions.begin(network=True)
    assert sessions.find(secret, network=False) is None
    assert sessions.find(secret, network=True) is not None
    sessions.end_network()
    assert sessions.find(secret, network=True) is None


def test_of_too_many_sessions_the_one_that_idled_longest_ends():
    clock = Clock()
    sessions = Sessions(clock)
    secrets = []
    for _ in range(MOST_SESSIONS + 1):
        secrets.append(sessions.begin(network=False)[0])
        clock.at += 1.0
        sessions.find(secrets[0], network=False)
    found = [sessions.find(secret, network=False) is not None for secret in secrets]
    assert found == [True, False] + [True] * (MOST_SESSIONS - 1)


def test_one_that_watches_is_not_ended_for_another():
    clock = Clock()
    sessions = Sessions(clock)
    watching, session = sessions.begin(network=False)
    session.views.append(lambda: None)
    clock.at += 1.0
    others = [sessions.begin(network=False)[0] for _ in range(MOST_SESSIONS)]
    assert sessions.find(watching, network=False) is session
    assert sessions.find(others[0], network=False) is None


def test_the_end_of_the_last_session_is_told():
    sessions, told = Sessions(Clock()), []
    sessions.on_empty = lambda: told.append(True)
    (_, first), (_, second) = (sessions.begin(network=network) for network in (False, True))
    sessions.end_network()
    assert not told
    sessions.end(first)
    assert told


def test_a_limit_lets_a_burst_through_and_then_so_many_a_second():
    clock = Clock()
    limit = Limit(3, 0.5, clock)
    assert [limit.take("a") for _ in range(4)] == [0, 0, 0, 3]
    assert limit.take("b") == 0
    clock.at += 2.0
    assert [limit.take("a") for _ in range(2)] == [0, 3]
