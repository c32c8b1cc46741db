"""What runs inside the kernel: one file that only watches."""
