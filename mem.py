import time, sys
from pathlib import Path
import numpy as np
def rss(): return int([l for l in open("/proc/self/status") if l.startswith("VmRSS")][0].split()[1])/1024
from unfreeze.deploy.bundle import open_bundle
from unfreeze.activations.maps import open_maps
import onnxruntime
b=open_bundle(Path("/tmp/ship/dogscats.unfreeze")); e=b.engine(); print("plain", round(rss()), "MiB")
t=time.process_time(); m=open_maps(b.graph,size_px=224); print("maps", round(rss()), "MiB", round(time.process_time()-t,2),"s cpu")
from unfreeze.activations.graph_parts import nodes_of, floats_of, with_outputs
t=time.process_time(); nodes_of(b.graph); floats_of(b.graph,"head.weight"); print("read", round(time.process_time()-t,4), "added bytes", len(with_outputs(b.graph,["hardtanh_32"]))-len(b.graph), "of", len(b.graph))
# would a third output cost plain prediction? processor time of the same graph with the maps handed out, in turns
from unfreeze.activations.engines import OnnxEngine
w=OnnxEngine(with_outputs(b.graph,["hardtanh_32"])); sq=np.random.default_rng(0).integers(0,256,(1,3,224,224),dtype=np.uint8)
r=[]
for _ in range(25):
    ts=[]
    for f in (lambda: e.outputs(sq), lambda: w.outputs(sq,names=["probabilities","features"]), lambda: w.outputs(sq)):
        t=time.thread_time(); f(); ts.append(time.thread_time()-t)
    r.append((ts[1]/ts[0],ts[2]/ts[0]))
print("third output not asked, asked:", np.median(np.array(r),0).round(3))
