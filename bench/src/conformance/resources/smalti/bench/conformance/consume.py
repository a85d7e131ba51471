"""Runs a folder of jobs by Debian's packages: `check` by onnx's checker, `opencv` by OpenCV's dnn module."""
import json
import os
import sys

import numpy as np


def check(model, job, folder):
    import onnx

    onnx.checker.check_model(onnx.load(model), full_check=True)
    return {}


def opencv(model, job, folder):
    import cv2

    net = cv2.dnn.readNetFromONNX(model)
    for name, file in job["inputs"].items():
        net.setInput(np.load(os.path.join(folder, file)).astype(np.float32), name)
    files = {}
    for k, (name, value) in enumerate(zip(job["outputs"], net.forward(job["outputs"]))):
        file = f"{job['id']}.out.{k}.npy"
        np.save(os.path.join(folder, file), np.ascontiguousarray(value, dtype=np.float32))
        files[name] = file
    return {"outputs": files}


task = {"check": check, "opencv": opencv}[sys.argv[1]]
folder = sys.argv[2]
with open(os.path.join(folder, "jobs.json")) as file:
    jobs = json.load(file)
for job in jobs:
    # a job may end the process: each has one of its own
    child = os.fork()
    if child == 0:
        try:
            outcome = task(job["model"], job, folder)
        except Exception as error:
            outcome = {"error": f"{type(error).__name__}: {error}"}
        with open(os.path.join(folder, job["id"] + ".json"), "w") as file:
            json.dump(outcome, file)
        os._exit(0)
    os.waitpid(child, 0)
