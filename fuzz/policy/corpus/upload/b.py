b.py
import os as o
