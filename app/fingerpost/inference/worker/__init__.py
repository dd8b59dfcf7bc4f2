"""What runs TensorRT, in a process of its own, by whatever Python has TensorRT: on the first Jetson Nano that is 3.6.

So everything in this folder keeps to Python 3.6, to the standard library and to tensorrt, and imports nothing of
Fingerpost's. `__main__.py` is run as a script, its neighbours are modules beside it. decisions/015 says why.
"""
