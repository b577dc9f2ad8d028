"""Runs an encoder trained by Songscape in PyTorch: needs torch and safetensors.

    encoder = Encoder("model.safetensors")
    features = encoder(images)  # [b, 1, rows, columns], -1 to 1 -> [b, channels, columns / 64]

Images are grey values / 127.5 - 1, row 0 the highest frequency. A song's vector is the mean of its
features over the columns.
"""

import json

import torch
import torch.nn.functional as F
from safetensors import safe_open


class Encoder(torch.nn.Module):
    def __init__(self, path):
        super().__init__()
        with safe_open(path, "pt") as file:
            self.config = json.loads(file.metadata()["songscape"])["encoder"]
            for name in file.keys():
                if name.startswith("encoder."):
                    tensor = torch.nn.Parameter(file.get_tensor(name))
                    self.register_parameter(name.removeprefix("encoder.").replace(".", "/"), tensor)

        activations = {"leaky_relu": lambda x: F.leaky_relu(x, 0.2), "relu": F.relu, "silu": F.silu}
        self.active = activations[self.config["activation"]]

    def get(self, name):
        return self._parameters[name.replace(".", "/")]

    def conv(self, name, x, stride=1):
        weight = self.get(f"{name}.weight")
        if self.config["normalization"] == "weight":
            weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        return F.conv2d(x, weight, self.get(f"{name}.bias"), stride)

    def block(self, name, x, stride):
        active = self.active(x)
        inner = self.active(self.conv(f"{name}.reduce", active))
        inner = self.conv(f"{name}.conv", F.pad(inner, (1, 1, 1, 1), "replicate"), stride)
        inner = self.conv(f"{name}.expand", self.active(inner))
        return inner + (x if stride == 1 else self.conv(f"{name}.shortcut", active, stride))

    def forward(self, images):
        stages = range(len(self.config["stage_multipliers"]))
        x = images[..., : images.shape[-1] // (2 << len(stages)) * (2 << len(stages))]
        for dim in (2, 3):  # mirrored by two, the edge repeated
            ends = x.narrow(dim, 0, 2).flip(dim), x.narrow(dim, x.shape[dim] - 2, 2).flip(dim)
            x = torch.cat((ends[0], x, ends[1]), dim)
        x = F.conv2d(x, self.get("stem_weight"), self.get("stem_bias"), 2)
        for i in stages:
            if f"positions/{i}" in self._parameters:
                x = x + self.get(f"positions.{i}")
            x = self.block(f"down.{i}", x, 2)
            for j in range(1, self.config["blocks_per_stage"]):
                x = self.block(f"keep.{i}" + (f".{j}" if j > 1 else ""), x, 1)
        return self.conv("collapse", self.active(x)).squeeze(2)
