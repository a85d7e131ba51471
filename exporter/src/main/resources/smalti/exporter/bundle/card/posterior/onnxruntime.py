import numpy as np
import onnxruntime
from PIL import Image

posterior = onnxruntime.InferenceSession("@NAME@.smalti/posterior.onnx")
generator = onnxruntime.InferenceSession("@NAME@.smalti/generator.onnx")
picture = Image.open("picture.png").convert("@MODE@").resize((@WIDTH@, @HEIGHT@))
pixels = np.asarray(picture, np.uint8).reshape(1, @HEIGHT@, @WIDTH@, @CHANNELS@)
mean, log_variance = posterior.run(["mean", "logVariance"], {"pixels": pixels@if class@, "class": np.zeros(1, np.int64)@end@})
noise = np.random.default_rng(7).standard_normal(mean.shape, np.float32)
(another,) = generator.run(None, {"noise": mean + np.exp(log_variance / 2) * noise@if class@, "class": np.zeros(1, np.int64)@end@})
Image.fromarray(another[0]@if grey@[:, :, 0]@end@).save("another.png")
