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
    confirm_seconds: float = 10.0
    """How long the question whether to switch off stands."""
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
    """Sharpness (variance of the Laplacian at 160 pixels' width) below which a frame is blurred."""
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
