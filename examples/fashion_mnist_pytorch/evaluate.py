"""evaluate.py CHECKPOINT...: print the accuracy of checkpoints on the 10,000 test images."""
import sys

from train import Member, examples

images, labels = examples("t10k")
for path in sys.argv[1:]:
    member = Member(seed=0)
    member.load(path)
    print(f"test accuracy {member.accuracy(images, labels):.4f}  {path}")
