import os, subprocess, sys, tempfile
from pathlib import Path
import numpy as np, zipfile
g="/tmp/ship/runs/dogscats/model/model.onnx"
for code in ("import onnxruntime; onnxruntime.InferenceSession(%r)"%g, "from pathlib import Path; from unfreeze.activations.engines import OnnxEngine; OnnxEngine(Path(%r))"%g):
    with tempfile.TemporaryDirectory() as home:
        env={k:v for k,v in os.environ.items() if k not in ("ORT_DISABLE_TELEMETRY","CI","GITHUB_ACTIONS")}|{"HOME":home,"XDG_CACHE_HOME":home}
        f=subprocess.run(["strace","-f","-e","trace=connect","-o",home+"/trace",sys.executable,"-c",code],env=env,capture_output=True,text=True) if subprocess.run("command -v strace",shell=True,capture_output=True).returncode==0 else subprocess.run([sys.executable,"-c",code],env=env,capture_output=True,text=True)
        print(f.returncode, f.stderr[-300:], [str(p.relative_to(home)) for p in Path(home).rglob("*") if p.is_file()])
