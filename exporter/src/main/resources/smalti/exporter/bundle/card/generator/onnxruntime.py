import numpy as np
import onnxruntime
from PIL import Image

generator = onnxruntime.InferenceSession("@NAME@.smalti/generator.onnx")
noise = np.random.default_rng(7).standard_normal((4, @LENGTH@), np.float32)
(pixels,) = generator.run(None, {"noise": noise@if class@, "class": np.zeros(4, np.int64)@end@})
for i, picture in enumerate(pixels):
    Image.fromarray(picture@if grey@[:, :, 0]@end@).save(f"{i}.png")
