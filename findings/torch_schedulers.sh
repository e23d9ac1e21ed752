#!/bin/sh
# torch's learning-rate schedulers, and a rate that somebody else sets in optimizer.param_groups.
#
# Seen with torch 2.15.0 from PyPI and 1.13.0 of Debian 12, alike but for one line: some schedulers
# overwrite the rate at their next step(), the others go on from it, and SequentialLR does the one
# or the other by the scheduler in force, and overwrites at its milestones. load_state_dict of a
# scheduler leaves the rate as it is, but brings base_lrs; load_state_dict of an optimizer brings
# "initial_lr", and a new scheduler takes that one for its base, not the rate that was set.
# OneCycleLR raises beyond total_steps. In 1.13.0 CyclicLR's state cannot be saved at all.
#
# Why it matters here: a member's rate is set after its checkpoint was loaded. With a scheduler that
# overwrites it the study trains with the donor's rate, and searches in vain.
# docs/schedulers.md has the table and a recipe without a scheduler.
#
# Fails where a line differs. It installs torch (5 GB) into a temporary folder; PYTHON names a
# Python that has one.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON-}
if test -z "$python"; then
    python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q torch==2.15.0 || exit 1
    python=$folder/venv/bin/python
fi
cat > "$folder/measure.py" <<'PROGRAM'
"""What torch's learning-rate schedulers make of a rate that somebody else sets."""
import io
import sys
import warnings

import torch
from torch.optim import lr_scheduler as s

warnings.simplefilter("ignore")
LATER = 6  # steps before the rate is set, and as many after


def shrink(epoch):
    return 0.9 ** epoch


MAKERS = {
    "LambdaLR": lambda o: s.LambdaLR(o, shrink),
    "MultiplicativeLR": lambda o: s.MultiplicativeLR(o, lambda epoch: 0.9),
    "StepLR": lambda o: s.StepLR(o, 4),
    "MultiStepLR": lambda o: s.MultiStepLR(o, [4, 8]),
    "ConstantLR": lambda o: s.ConstantLR(o, 0.5, 9),
    "LinearLR": lambda o: s.LinearLR(o, 0.1, 1.0, 20),
    "ExponentialLR": lambda o: s.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda o: s.PolynomialLR(o, 20, 2.0),
    "CosineAnnealingLR": lambda o: s.CosineAnnealingLR(o, 20),
    "CosineAnnealingLR, eta_min": lambda o: s.CosineAnnealingLR(o, 20, 0.001),
    "CosineAnnealingWarmRestarts": lambda o: s.CosineAnnealingWarmRestarts(o, 20),
    "CyclicLR": lambda o: s.CyclicLR(o, 0.001, 0.1, 10, cycle_momentum=False),
    "OneCycleLR": lambda o: s.OneCycleLR(o, 0.1, total_steps=40, cycle_momentum=False),
    "ReduceLROnPlateau": lambda o: s.ReduceLROnPlateau(o, patience=2),
    "SequentialLR": lambda o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, 1.0, 3), s.CosineAnnealingLR(o, 20)], [3]),
    "SequentialLR, at a milestone": lambda o: s.SequentialLR(
        o, [s.ConstantLR(o, 0.5, 3), s.CosineAnnealingLR(o, 20)], [LATER + 2]),
    "ChainedScheduler": lambda o: s.ChainedScheduler(
        [s.LinearLR(o, 0.1, 1.0, 3), s.ExponentialLR(o, 0.9)]),
}


def make(maker, lr=0.1):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)
    return optimizer, maker(optimizer)


def step(optimizer, scheduler):
    optimizer.step()
    scheduler.step(*([1.0] if isinstance(scheduler, s.ReduceLROnPlateau) else []))
    return optimizer.param_groups[0]["lr"]


def rates(maker, factor):
    """The rates after the rate was set to `factor` of what it was, in the middle."""
    optimizer, scheduler = make(maker)
    for _ in range(LATER):
        step(optimizer, scheduler)
    optimizer.param_groups[0]["lr"] *= factor
    return [step(optimizer, scheduler) for _ in range(LATER)]


def same(one, other):
    return all(abs(a - b) <= 1e-9 * abs(b) + 1e-15 for a, b in zip(one, other))


def verdict(maker):
    plain, tenth = rates(maker, 1.0), rates(maker, 0.1)
    if same(tenth, plain):
        return "overwrites"
    if same(tenth, [rate * 0.1 for rate in plain]):
        return "goes on"
    return "goes on, then overwrites" if same(tenth[-1:], plain[-1:]) else "goes on, inexactly"


def reload(maker):
    """A donor's states are loaded into another process, whose rate is set, and which steps once:
    whether loading the scheduler's state sets the rate; whose rate is it afterwards."""
    donor, theirs = make(maker, 0.1)
    for _ in range(LATER):
        step(donor, theirs)
    file = io.BytesIO()
    try:
        torch.save((donor.state_dict(), theirs.state_dict()), file)
    except Exception as error:
        return f"no: {error}"
    file.seek(0)
    state = torch.load(file, **({"weights_only": False} if torch.__version__ > "2" else {}))
    optimizer, scheduler = make(maker, 0.5)
    optimizer.load_state_dict(state[0])
    optimizer.param_groups[0]["lr"] = 0.02
    scheduler.load_state_dict(state[1])
    return "sets the rate" if optimizer.param_groups[0]["lr"] != 0.02 else "leaves the rate"


def initial():
    """The rate of a scheduler made for an optimizer whose state was loaded, and whose rate was
    set."""
    donor, _ = make(MAKERS["LambdaLR"], 0.1)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    optimizer.load_state_dict(donor.state_dict())
    optimizer.param_groups[0]["lr"] = 0.02
    s.LambdaLR(optimizer, lambda epoch: 1.0)
    return optimizer.param_groups[0]["lr"]


def base():
    """The rate that LambdaLR sets next where its own state was loaded too, and the rate was set."""
    donor, theirs = make(MAKERS["LambdaLR"], 0.1)
    optimizer, scheduler = make(MAKERS["LambdaLR"], 0.5)
    optimizer.load_state_dict(donor.state_dict())
    scheduler.load_state_dict(theirs.state_dict())
    optimizer.param_groups[0]["lr"] = 0.02
    return step(optimizer, scheduler)


def beyond():
    optimizer, scheduler = make(MAKERS["OneCycleLR"])
    try:
        for _ in range(60):
            step(optimizer, scheduler)
    except ValueError:
        return "ValueError"
    return "nothing"


print("torch", torch.__version__, file=sys.stderr)
for name, maker in MAKERS.items():
    print(f"{name}: {verdict(maker)}; load_state_dict: {reload(maker)}")
print("a new LambdaLR after load_state_dict, the rate set to 0.02:", initial())
print(f"LambdaLR after both load_state_dict, the rate set to 0.02: {base():.3g}")
print("OneCycleLR beyond total_steps:", beyond())
PROGRAM
cat > "$folder/expected" <<'EXPECTED'
LambdaLR: overwrites; load_state_dict: leaves the rate
MultiplicativeLR: goes on; load_state_dict: leaves the rate
StepLR: goes on; load_state_dict: leaves the rate
MultiStepLR: goes on; load_state_dict: leaves the rate
ConstantLR: goes on; load_state_dict: leaves the rate
LinearLR: goes on; load_state_dict: leaves the rate
ExponentialLR: goes on; load_state_dict: leaves the rate
PolynomialLR: goes on; load_state_dict: leaves the rate
CosineAnnealingLR: goes on; load_state_dict: leaves the rate
CosineAnnealingLR, eta_min: goes on, inexactly; load_state_dict: leaves the rate
CosineAnnealingWarmRestarts: overwrites; load_state_dict: leaves the rate
CyclicLR: overwrites; load_state_dict: leaves the rate
OneCycleLR: overwrites; load_state_dict: leaves the rate
ReduceLROnPlateau: goes on; load_state_dict: leaves the rate
SequentialLR: goes on; load_state_dict: leaves the rate
SequentialLR, at a milestone: goes on, then overwrites; load_state_dict: leaves the rate
ChainedScheduler: goes on; load_state_dict: leaves the rate
a new LambdaLR after load_state_dict, the rate set to 0.02: 0.1
LambdaLR after both load_state_dict, the rate set to 0.02: 0.09
OneCycleLR beyond total_steps: ValueError
EXPECTED
version=$("$python" -c 'import torch; print(torch.__version__)' 2>/dev/null)
case $version in
1.13*)
    sed -i "s/^CyclicLR: .*/CyclicLR: overwrites; load_state_dict: no: cannot pickle 'WeakMethod' object/" \
        "$folder/expected"
    ;;
esac
"$python" "$folder/measure.py" > "$folder/found" 2> "$folder/errors" || cat "$folder/errors"
echo "torch $version"
cat "$folder/found"
diff "$folder/expected" "$folder/found"
