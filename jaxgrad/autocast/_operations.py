"""PyTorch's operations with a precision of their own under autocast, by device."""

_LOWER = """
_convolution addbmm addmm baddbmm bmm conv1d conv2d conv3d conv_tbc conv_transpose1d
conv_transpose2d conv_transpose3d linalg_vecdot linear matmul mm prelu scaled_dot_product_attention
"""
_LOWER_CPU = "_addmm_activation _native_multi_head_attention mkldnn_rnn_layer"
_LOWER_CUDA = """
_cudnn_rnn _scaled_dot_product_flash_attention _thnn_fused_gru_cell _thnn_fused_lstm_cell addmv addr
chain_matmul convolution cudnn_convolution cudnn_convolution_transpose einsum gru_cell
linalg_multi_dot lstm_cell mv rnn_relu_cell rnn_tanh_cell
"""
_FLOAT32 = """
binary_cross_entropy_with_logits cdist cosine_embedding_loss hinge_embedding_loss huber_loss kl_div
l1_loss margin_ranking_loss mse_loss multi_margin_loss multilabel_margin_loss nll_loss nll_loss2d
poisson_nll_loss prod smooth_l1_loss soft_margin_loss triplet_margin_loss
"""
_FLOAT32_CPU = """
_grid_sampler_2d_cpu_fallback _lu_with_info adaptive_avg_pool3d adaptive_max_pool3d avg_pool3d
binary_cross_entropy cholesky cholesky_inverse cholesky_solve cross_entropy_loss ctc_loss
fake_quantize_per_tensor_affine fft_fft fft_fft2 fft_fftn fft_hfft fft_ifft fft_ifft2 fft_ifftn
fft_ihfft fft_irfft fft_irfft2 fft_irfftn fft_rfft fft_rfft2 fft_rfftn fractional_max_pool2d
fractional_max_pool3d geqrf grid_sampler grid_sampler_2d grid_sampler_3d inverse linalg_cholesky
linalg_cholesky_ex linalg_cond linalg_eig linalg_eigh linalg_eigvals linalg_eigvalsh
linalg_householder_product linalg_inv linalg_inv_ex linalg_lstsq linalg_matrix_rank linalg_qr
linalg_solve linalg_svd linalg_svdvals linalg_tensorinv linalg_tensorsolve lu_solve max_pool3d
max_unpool2d max_unpool3d multilabel_margin_loss_forward nanquantile orgqr ormqr pinverse polar qr
quantile reflection_pad1d reflection_pad2d replication_pad1d replication_pad2d replication_pad3d
stft svd trace triangular_solve view_as_complex
"""
_FLOAT32_CUDA = """
_upsample_bicubic2d_aa _upsample_bilinear2d_aa _upsample_nearest_exact1d _upsample_nearest_exact2d
_upsample_nearest_exact3d acos asin cosh cosine_similarity cumprod cumsum dist erfinv exp expm1
frobenius_norm group_norm layer_norm linalg_matrix_norm linalg_vector_norm log log10 log1p log2
log_softmax logsumexp native_layer_norm norm nuclear_norm pdist pow reciprocal renorm rms_norm rsqrt
sinh softmax softplus sum tan upsample_bicubic2d upsample_bilinear2d upsample_linear1d
upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_trilinear3d
"""
_WIDEST_CPU = "cat index_copy stack"
_WIDEST_CUDA = """
addcdiv addcmul atan2 bilinear cross dot grid_sampler index_put scatter_add tensordot vdot
"""
_OF_DEVICE = {
    "cpu": {
        "lower": f"{_LOWER} {_LOWER_CPU}",
        "float32": f"{_FLOAT32} {_FLOAT32_CPU}",
        "widest": _WIDEST_CPU,
    },
    "cuda": {
        "lower": f"{_LOWER} {_LOWER_CUDA}",
        "float32": f"{_FLOAT32} {_FLOAT32_CUDA}",
        "widest": _WIDEST_CUDA,
        "refused": "binary_cross_entropy",
    },
}
TABLES = {
    device: {name: kind for kind, names in kinds.items() for name in names.split()}
    for device, kinds in _OF_DEVICE.items()
}
"""By device, the precision of each operation."""
