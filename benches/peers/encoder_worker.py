"""The same network in PyTorch: WEIGHTS WORK PRECISION BATCH COLUMNS DEVICE MODE -> JSON with crops a second.

WORK is embed or train, as in `encoder_once.rs`; MODE is eager or compile (`torch.compile`). The network
is that of `docs/pytorch_encoder.py` with the projection head, channels-last, with float32 weights that
are converted on the way, as in ours.
"""

import json
import pathlib
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from pytorch_encoder import Encoder  # noqa: E402


class Half(Encoder):
    """With weights converted before their use: autocast leaves sums with float32 in float32."""

    def get(self, name):
        return super().get(name).bfloat16()


class Network(torch.nn.Module):
    def __init__(self, weights, precision):
        super().__init__()
        self.encoder = (Half if precision == "bf16" else Encoder)(weights)
        head = {k: v for k, v in load_file(weights).items() if k.startswith("head.")}
        self.layers = torch.nn.ModuleList()
        for i in (1, 2, 3):
            weight, bias = head[f"head.fc{i}.weight"], head[f"head.fc{i}.bias"]
            layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
            layer.load_state_dict({"weight": weight, "bias": bias})
            self.layers.append(layer)

    def forward(self, images):
        x = self.encoder(images).float().mean(2)
        for layer in self.layers:
            x = layer(F.leaky_relu(x, 0.2))
        return x


def decoupled(a, b, temperature):
    rows = F.normalize(torch.cat([a, b]))
    cosines = rows @ rows.T / temperature
    n = len(a)
    own = torch.eye(2 * n, dtype=torch.bool, device=a.device)
    positive = own.roll(n, 0)
    others = cosines.masked_fill(own | positive, -torch.inf).logsumexp(1)
    return (others - cosines[positive]).mean()


def main(weights, work, precision, batch, columns, device, mode):
    torch.manual_seed(1)
    network = Network(weights, precision)
    images = torch.randint(0, 256, (batch, 1, 256, columns), dtype=torch.uint8) / 127.5 - 1
    network = network.to(device, memory_format=torch.channels_last)
    # Written so that the single channel is the last one in memory: of one channel PyTorch cannot
    # tell which format is meant.
    images = images.to(device).squeeze(1).unsqueeze(3).contiguous().permute(0, 3, 1, 2)
    if precision == "bf16":
        images = images.bfloat16()
    optimizer = torch.optim.AdamW(network.parameters(), 1e-4, weight_decay=0)
    run, encode = network, network.encoder
    if mode == "compile":
        run, encode = torch.compile(network), torch.compile(network.encoder)

    def once():
        if work == "embed":
            with torch.no_grad():
                return encode(images)[0, 0, 0].item()  # waits for the device
        outputs = run(images)
        half = batch // 2
        loss = decoupled(outputs[:half], outputs[half:], 0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item() + network.encoder.get("stem_bias")[0].item()

    once()
    begin, times = time.perf_counter(), []
    while len(times) < 7 and (len(times) < 3 or time.perf_counter() - begin < 20):
        start = time.perf_counter()
        once()
        times.append(time.perf_counter() - start)
    print(json.dumps({"crops_per_second": batch / statistics.median(times)}))


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5]), *sys.argv[6:8])
