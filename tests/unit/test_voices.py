"""The voice: rendering in a short-lived process, the cache and its damage, the online voice."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
import types
from pathlib import Path
from typing import List

import numpy
import pytest

from fingerpost.core.errors import VoiceError
from fingerpost.core.types import Clip
from fingerpost.devices import voices
from fingerpost.devices.clipcache import KEPT_STYLES, ClipCache
from fingerpost.devices.clips import RATE, decode_wav, encode_wav
from fingerpost.devices.onlinevoice import decode_compressed, fill_online
from fingerpost.devices.voices import CachedVoice, online_style, shape_speech, speech_rms

TEXTS = ("Maybe milk.", "Not sure.", "It could also be Alpro long-life soy milk.")
STUBBORN_CHILD = (sys.executable, "-c", "import time; time.sleep(60)")
CRASHING_CHILD = (sys.executable, "-c", "import os; os.abort()")


def noise(seconds: float, size: float = 0.1, rate: int = RATE) -> Clip:
    samples = numpy.random.RandomState(3).standard_normal(round(seconds * rate)) * size * 32767
    return Clip(samples.clip(-32767, 32767).astype(numpy.int16), rate)


def padded(clip: Clip, seconds: float) -> Clip:
    return Clip(numpy.pad(clip.samples, round(seconds * clip.rate)), clip.rate)


def decibels(ratio: float) -> float:
    return 20 * float(numpy.log10(ratio))


def english(folder: Path, **options) -> CachedVoice:
    return CachedVoice("en", 170, folder, **options)


def find_clips(folder: Path) -> List[Path]:
    return sorted(folder.rglob("*.wav"))


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """A cache folder in which a real espeak-ng has spoken."""
    folder = tmp_path_factory.mktemp("spoken")
    english(folder).render([*TEXTS, "Maybe milk."])
    return folder


def test_espeak_speaks_and_the_clip_is_at_hand_in_a_new_voice(spoken):
    clip = english(spoken).cached("Maybe milk.")
    assert clip.rate == RATE
    assert clip.samples.dtype == numpy.int16
    assert 0.3 < clip.seconds < 1.5
    assert english(spoken).cached("It could also be Alpro long-life soy milk.").seconds > 2 * clip.seconds
    assert len(find_clips(spoken)) == 3


def test_all_speech_is_equally_loud_and_starts_at_once(spoken):
    for text in TEXTS:
        levels = numpy.abs(english(spoken).cached(text).samples / 32768)
        assert decibels(speech_rms(levels)) == pytest.approx(-20, abs=0.5)
        assert decibels(levels.max()) < -1
        sounding = numpy.flatnonzero(levels > levels.max() / 100)
        assert sounding[0] < 0.02 * RATE
        assert len(levels) - sounding[-1] < 0.025 * RATE


def test_language_rate_and_pitch_have_clips_of_their_own(spoken):
    for other in (CachedVoice("de", 170, spoken), CachedVoice("en", 190, spoken), english(spoken, pitch=60)):
        assert other.cached("Maybe milk.") is None


def pitch_hz(clip: Clip) -> float:
    """The middle of the fundamental frequencies of what is voiced, by autocorrelation of 50 ms pieces."""
    found, window = [], RATE // 20
    for start in range(0, len(clip.samples) - window, RATE // 50):
        piece = clip.samples[start:start + window] / 32768
        likeness = numpy.correlate(piece, piece, "full")[window - 1:]
        period = RATE // 400 + int(likeness[RATE // 400:RATE // 60].argmax())
        if likeness[0] > 1e-3 * window and likeness[period] > 0.5 * likeness[0]:
            found.append(RATE / period)
    return float(numpy.median(found))


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_high_voice_is_another_one_and_as_loud(spoken, language):
    text = {"en": "I do not know this thing. Point at another.", "de": "Das kenne ich nicht. Zeig auf etwas anderes."}
    low, high = (CachedVoice(language, 170, spoken, voice=voice) for voice in ("low", "high"))
    low.render([text[language]])
    assert high.cached(text[language]) is None
    high.render([text[language]])
    clips = [voice.cached(text[language]) for voice in (low, high)]
    assert 70 < pitch_hz(clips[0]) < 130 < 1.6 * pitch_hz(clips[0]) < pitch_hz(clips[1])
    loudness = [decibels(speech_rms(clip.samples / 32768)) for clip in clips]
    assert abs(loudness[0] - loudness[1]) < 1.0
    assert all(decibels(numpy.abs(clip.samples / 32768).max()) < -0.9 for clip in clips)
    low.set_style(language, 170, "high")
    assert low.style == high.style


def test_the_low_voice_finds_what_was_rendered_before_there_was_a_choice(tmp_path):
    ClipCache(tmp_path).store("espeak-ng en 170 50", "Milk", noise(0.1))
    assert english(tmp_path, voice="low").cached("Milk")


def test_a_voice_that_changes_its_style_finds_the_clips_of_each_and_no_others(spoken):
    voice = english(spoken)
    slow, style = voice.cached("Maybe milk."), voice.style
    voice.set_style("en", 240)
    assert voice.style != style
    assert voice.cached("Maybe milk.") is None
    voice.render(["Maybe milk."])
    assert voice.cached("Maybe milk.").seconds < slow.seconds
    assert english(spoken).cached("Maybe milk.").seconds == slow.seconds
    voice.set_style("en", 170)
    assert voice.cached("Maybe milk.").seconds == slow.seconds


def test_what_was_being_rendered_is_kept_as_what_it_is(tmp_path, monkeypatch):
    voice, run_child = english(tmp_path), CachedVoice._run_child

    def change_style(self, paths, style):
        voice.set_style("de", 170)
        return run_child(self, paths, style)

    monkeypatch.setattr(CachedVoice, "_run_child", change_style)
    voice.render(["One."])
    assert voice.cached("One.") is None
    assert english(tmp_path).cached("One.")


def test_the_rate_is_heeded_from_the_first_text_to_the_last_and_no_text_is_lost(tmp_path):
    """pyttsx3 by itself sometimes cancels the rate or a text."""
    texts = [f"This is number {number}." for number in range(20)]
    for rate in (120, 240):
        CachedVoice("en", rate, tmp_path).render(texts)
    for text in texts:
        slow, fast = (CachedVoice("en", rate, tmp_path).cached(text) for rate in (120, 240))
        assert 1.7 < slow.seconds / fast.seconds < 2.3


def test_two_threads_may_render_the_same_texts_at_once(tmp_path):
    voice, complaints = english(tmp_path), []

    def render():
        try:
            voice.render(["One.", "Two."])
        except VoiceError as error:
            complaints.append(error)

    threads = [threading.Thread(target=render) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert complaints == []
    assert voice.cached("One.")
    assert voice.cached("Two.")
    assert len(find_clips(tmp_path)) == 2


def test_what_is_cached_is_not_rendered_again(spoken, monkeypatch):
    monkeypatch.setattr(voices, "CHILD", CRASHING_CHILD)
    english(spoken).render(["Not sure.", "Maybe milk."])


def test_a_german_voice_speaks_umlauts(tmp_path):
    german = CachedVoice("de", 170, tmp_path)
    german.render(["Möhren", "Nüsse"])
    assert german.cached("Möhren").seconds > 0.2
    assert german.cached("Nüsse").seconds > 0.2


def test_an_unknown_language_is_one_clear_line(tmp_path):
    with pytest.raises(VoiceError, match="check language, rate and pitch") as caught:
        CachedVoice("tlh-unknown", 170, tmp_path).render(["Hello."])
    assert "\n" not in str(caught.value)


def test_an_unspeakable_text_is_reported_and_the_others_are_kept(tmp_path):
    voice = english(tmp_path)
    with pytest.raises(VoiceError, match="made no sound of '...'"):
        voice.render(["One.", "...", "Two."])
    assert voice.cached("One.")
    assert voice.cached("Two.")


def test_a_process_that_hangs_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(voices, "CHILD", STUBBORN_CHILD)
    monkeypatch.setattr(voices, "START_SECONDS", 0.2)
    begun = time.monotonic()
    with pytest.raises(VoiceError, match="hung for .* and was stopped: run"):
        english(tmp_path).render(["Hello."])
    assert time.monotonic() - begun < 5


def test_a_process_that_dies_is_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.setattr(voices, "CHILD", CRASHING_CHILD)
    with pytest.raises(VoiceError, match="espeak-ng failed .*fingerpost doctor"):
        english(tmp_path).render(["Hello."])


def test_without_espeak_the_remedy_is_named(tmp_path, monkeypatch):
    script = ("import sys; sys.modules['espeakng_loader'] = None; "
              "from fingerpost.devices import espeak_child; "
              "espeak_child.SYSTEM_LIBRARIES = ('none-such.so',); espeak_child.main()")
    monkeypatch.setattr(voices, "CHILD", (sys.executable, "-c", script))
    with pytest.raises(VoiceError, match="sudo apt install espeak-ng"):
        english(tmp_path).render(["Hello."])


def test_a_cache_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(VoiceError, match="cannot keep speech in"):
        ClipCache(tmp_path / "file").store("style", "text", noise(0.1))


@pytest.mark.parametrize("damage", [
    lambda data: b"", lambda data: data[:30], lambda data: data[:-1000], lambda data: bytes(len(data)),
    lambda data: data[:2000] + bytes([data[2000] ^ 1]) + data[2001:], lambda data: data + b"x"])
def test_a_damaged_clip_is_never_played_and_rendered_again(tmp_path, damage):
    cache = ClipCache(tmp_path)
    voice = english(tmp_path)
    voice.render(["Hello."])
    path, = find_clips(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    assert voice.cached("Hello.") is None
    cache.store("espeak-ng en 170 50", "Hello.", noise(0.3))
    assert voice.cached("Hello.").seconds == pytest.approx(0.3, abs=0.001)


def test_a_damaged_clip_is_rendered_again(tmp_path):
    voice = english(tmp_path)
    voice.render(["Hello."])
    path, = find_clips(tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    voice.render(["Hello."])
    assert voice.cached("Hello.").seconds > 0.2


def test_what_a_batch_that_was_cut_off_has_left_is_removed_but_not_that_of_one_that_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(voices, "CHILD", CRASHING_CHILD)
    for name, age_seconds in (("fingerpost-render-old", 4000), ("fingerpost-render-new", 10), ("other", 4000)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.wav").write_bytes(b"clip")
        os.utime(tmp_path / name, (time.time() - age_seconds,) * 2)
    with pytest.raises(VoiceError):
        english(tmp_path / "clips").render(["tea"])
    assert {path.name for path in tmp_path.iterdir()} == {"fingerpost-render-new", "other"}


def test_memory_holds_the_clips_used_last(tmp_path):
    cache, voice = ClipCache(tmp_path), english(tmp_path, memory_clips=2)
    for text in "abc":
        cache.store("espeak-ng en 170 50", text, noise(0.1))
        voice.cached(text)
    for path in find_clips(tmp_path):
        path.unlink()
    assert [voice.cached(text) is None for text in "abc"] == [True, False, False]


def test_a_full_card_does_not_mute_a_voice_that_changes_its_style(tmp_path, monkeypatch):
    voice = english(tmp_path)

    def refuse(self, style, text, clip):
        raise VoiceError("cannot keep speech in there: free some space")

    monkeypatch.setattr(ClipCache, "store", refuse)
    monkeypatch.setattr(ClipCache, "use", lambda self, style: None)
    voice.set_style("en", 240)
    with pytest.raises(VoiceError, match="free some space"):
        voice.render(["One.", "Two."])
    assert all(map(voice.cached, ("One.", "Two.")))
    voice.set_style("en", 120)
    assert voice.cached("One.") is None, "that was another way to say it"


def test_of_the_styles_that_are_tried_only_the_last_keep_their_clips(tmp_path, gtts):
    cache, rates = ClipCache(tmp_path), range(100, 200, 20)
    fill_online(["Milk"], "en", cache)
    for number, rate in enumerate(rates):
        style = f"espeak-ng en {rate} 50"
        cache.use(style)
        cache.store(style, "Milk", noise(0.1))
        os.utime(cache.path(style, "Milk").parent, (number, number))
    kept = [rate for rate in rates if cache.load(f"espeak-ng en {rate} 50", "Milk")]
    assert kept == list(rates)[-KEPT_STYLES:]
    cache.use(f"espeak-ng en {kept[0]} 50")
    cache.use("espeak-ng de 170 50")
    assert [rate for rate in kept if cache.load(f"espeak-ng en {rate} 50", "Milk")] == [kept[0], kept[2]]
    assert cache.load(online_style("en"), "Milk"), "what was fetched stays"


def test_what_an_older_fingerpost_has_kept_in_one_folder_is_still_used(tmp_path):
    cache = ClipCache(tmp_path)
    for style in ("espeak-ng en 170 50", online_style("en")):
        cache.store(style, "Milk", noise(0.1))
        place = cache.path(style, "Milk")
        old = place.rename(tmp_path / place.name)
        place.parent.rmdir()
        assert cache.load(style, "Milk")
        assert place.exists()
        assert not old.exists()
    assert cache.load("espeak-ng en 170 50", "Tea") is None


def test_shaping_trims_levels_and_resamples():
    for clip in (padded(noise(0.4), 0.3), padded(noise(0.4, size=0.01, rate=24000), 0.5)):
        shaped = shape_speech(clip)
        assert shaped.seconds == pytest.approx(0.42, abs=0.015)
        assert decibels(speech_rms(shaped.samples / 32768)) == pytest.approx(-20, abs=0.6)


def test_shaping_silence_leaves_nothing():
    assert len(shape_speech(Clip(numpy.zeros(1000, numpy.int16), RATE)).samples) == 0
    assert len(shape_speech(Clip(numpy.zeros(0, numpy.int16), RATE)).samples) == 0


def test_wav_round_trip():
    clip = noise(0.05, rate=16000)
    again = decode_wav(encode_wav(clip))
    assert again.rate == 16000
    assert numpy.array_equal(again.samples, clip.samples)


class FakeGtts(types.ModuleType):
    """Stands in for the gtts module: "speaks" noise at 24 kHz, and fails at the text "cut"."""

    class gTTSError(Exception):
        pass

    def __init__(self) -> None:
        super().__init__("gtts")
        self.asked = []

    def gTTS(self, text: str, lang: str, timeout: float):
        def write_to_fp(file) -> None:
            self.asked.append((text, lang))
            if text == "cut":
                raise self.gTTSError("Failed to connect.\nProbable cause: Unknown")
            file.write(b"not sound" if text == "garbled" else encode_wav(padded(noise(0.5, rate=24000), 0.2)))

        return types.SimpleNamespace(write_to_fp=write_to_fp)


@pytest.fixture
def gtts(monkeypatch):
    fake = FakeGtts()
    monkeypatch.setitem(sys.modules, "gtts", fake)
    return fake


def test_the_online_voice_is_fetched_once_and_preferred_when_asked_for(tmp_path, gtts):
    cache = ClipCache(tmp_path)
    assert fill_online(["Milch", "Brot"], "de", cache) == 2
    assert fill_online(["Milch", "Brot", "Salz"], "de", cache) == 1
    assert gtts.asked == [("Milch", "de"), ("Brot", "de"), ("Salz", "de")]
    clip = CachedVoice("de", 170, tmp_path, online=True).cached("Milch")
    assert clip.rate == RATE
    assert clip.seconds == pytest.approx(0.52, abs=0.01)
    assert CachedVoice("de", 170, tmp_path).cached("Milch") is None


def test_what_the_online_voice_lacks_espeak_says(tmp_path, gtts):
    fill_online(["Milch"], "de", ClipCache(tmp_path))
    voice = CachedVoice("de", 170, tmp_path, online=True)
    voice.render(["Milch", "Brot"])
    assert voice.cached("Brot")
    assert len(find_clips(tmp_path)) == 2


def test_a_network_failure_keeps_what_was_fetched(tmp_path, gtts):
    cache = ClipCache(tmp_path)
    with pytest.raises(VoiceError, match="2 texts fetched before are kept: check the network") as caught:
        fill_online(["Milch", "Brot", "cut", "Salz"], "de", cache)
    assert "\n" not in str(caught.value)
    assert cache.load(online_style("de"), "Brot")
    assert not cache.load(online_style("de"), "Salz")


def test_a_garbled_answer_is_one_clear_line(tmp_path, gtts):
    with pytest.raises(VoiceError, match="sent no sound"):
        fill_online(["garbled"], "de", ClipCache(tmp_path))


def test_without_gtts_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gtts", None)
    with pytest.raises(VoiceError, match="pip install gtts"):
        fill_online(["Milch"], "de", ClipCache(tmp_path))


def test_mp3_is_decoded():
    import pygame
    example = Path(pygame.__file__).parent / "examples" / "data" / "house_lo.mp3"
    if not example.exists():
        pytest.skip("this pygame comes without its examples")
    clip = decode_compressed(example.read_bytes())
    assert clip.rate == RATE
    assert clip.seconds == pytest.approx(7.2, abs=0.2)
    assert clip.samples.any()
    assert pygame.mixer.get_init() is None
