"""The numbers behind the decisions; settings fill them in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """Seconds, shares of the frame, and probabilities."""

    dwell_seconds: float = 0.4
    """How long the finger must rest before the thing past it is looked at."""
    rest_radius: float = 0.04
    """How far the tip may wander while it counts as resting, as a share of the frame's width."""
    rest_speed: float = 0.04
    """How fast the resting tip may be when the thing is looked at, in frame widths a second."""
    hush_seconds: float = 0.1
    """A finger that stays for so long at a new place silences what is said about the old one."""
    hush_radius: float = 0.01
    """How far the tip may move in that time, as a share of the frame's width: a hand on its way moves farther."""
    aim_share: float = 0.07
    """How much of the thing must be seen past the tip, as a share of the frame's width: a third of the crop."""
    edge_share: float = 0.02
    """What ends so near the picture's edge, or beyond it, counts as cut off, as a share of the frame's width;
    -1 switches the guidance at the edges off."""
    covered_share: float = 0.06
    """A finger that looks shorter is seen end-on, and the hand covers the thing, as a share of the frame's width;
    0 switches this guidance off, as a very wide lens needs it."""
    guide_seconds: float = 6.0
    """The same guidance is not given again within this time, which doubles until something is answered."""
    lost_seconds: float = 0.4
    """How long the finger may be out of sight before the dwell is over."""
    absent_seconds: float = 1.0
    """After so long without a finger, a new one is greeted with the earcon."""
    repeat_seconds: float = 3.0
    """The same answer is not given again within this time while the hand stays in view."""
    more_seconds: float = 3.0
    """A second press of action within this time says more instead of repeating."""
    confirm_seconds: float = 30.0
    """How long a question that has to be answered by asking again stands: the longest takes 12 s to say, spoken slowly,
    and stands from its beginning."""
    sightings: int = 3
    """How many looks at the thing are averaged before it is named."""
    accepted_wrong: float = 0.02
    """The share of wrong ones among the names spoken, hedged or not, that the wearer accepts, with as many strangers
    as known things pointed at. `sure` and `maybe` follow from it."""
    detected: float = 0.5
    """Mean score, as far as the finger points at the thing, from which a detector's name is spoken; and only with
    "maybe", for a score is no probability."""
    dark: float = 0.08
    """Mean brightness below which a frame is too dark."""
    bright: float = 0.95
    """Mean brightness above which a frame is too bright."""
    blurred: float = 12.0
    """Sharpness (variance of the Laplacian at 160 pixels' width, less the noise) below which a frame is blurred. None
    of 976 sharp photos is below it; of photos blurred by 12 of 640 pixels (standard deviation) all are, by 8 two
    thirds."""
    dim: float = 0.25
    """Mean brightness below which a sharp frame, too, has weaker edges."""
    covered: float = 0.09
    """Contrast (vision/preprocess.py) below which a picture that is blurred, too, is that of a covered lens, unless a
    finger is seen. None of 976 photos is below it, nor is a white wall with a hand before it (0.12); of 600 made-up
    covers (skin and cloth of all brightness, without focus, with vignetting and noise) 99.7 % are, but only 78 % where
    strong light comes in at one side. Of 382 such covers none had a sharpness above 2.3; a page of text, plaster and a
    grained table top, whose contrast is as low, have 220 and more. A bare wall without a shadow cannot be told from a
    cover."""
    far: float = 0.1
    """Detail (share of a sample that shows something) below which a thing is too far away to be learned."""
    enough_samples: int = 4
    """From so many samples on, no further look is asked for, if they are alike."""
    alike: float = 0.8
    """Looks whose mean likeness is below this leave gaps between them, which another look could fill: four photos of
    one in five kinds of groceries do."""
    stale_seconds: float = 0.5
    """A picture older than this at a press shows something else than what the wearer means."""
    most_samples: int = 8
    """From so many samples on, no further look is asked for at all."""
    strained_celsius: float = 85.0
    """So hot, the board is spared: the first Nano slows down at 100.5 degrees and switches off at 102.5, says its
    kernel at boot (https://github.com/jetsonhacks/installACMModule/issues/4)."""
    eased_celsius: float = 80.0
    """Below this it is spared no more."""
    hottest_celsius: float = 97.0
    """So hot, it rests, before the kernel cuts it short."""
    cool_celsius: float = 90.0
    """It rests until it is so cool."""
    eased_seconds: float = 60.0
    """Nothing must have strained the board for so long before it works as hard as before."""
    strained_pace: float = 5.0
    """So many pictures a second are looked at while the board is spared: enough to see a finger come to rest."""
    warn_seconds: float = 3600.0
    """Of the same strain the wearer is warned again after so long at the earliest."""
    low_percent: int = 20
    """The charge of the battery at which the wearer is warned,"""
    lowest_percent: int = 10
    """at which they are warned once more,"""
    empty_percent: int = 3
    """and at which the device switches itself off, while that can still be done in order."""

    @property
    def sure(self) -> float:
        """Mean confidence from which a name is spoken plainly: with half the doubt of `maybe`."""
        return 1.0 - 2.5 * self.accepted_wrong

    @property
    def maybe(self) -> float:
        """Mean confidence from which a name is spoken with "maybe"; below it: "not sure".

        Confidence is a calibrated probability, and in simulated lessons the names above a threshold are together at
        most a fifth as doubtful as the threshold itself, for accepted shares of half a percent up to a tenth
        (docs/decisions/010-i-do-not-know.md).
        """
        return 1.0 - 5.0 * self.accepted_wrong
