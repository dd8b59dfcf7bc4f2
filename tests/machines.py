"""Computers that are made up for the doctor: files below a folder, and the answers of commands."""

from __future__ import annotations

import sys

from fingerpost.doctor.machine import Answer, Machine

GB = 1_000_000_000
MONITOR = "sys/bus/i2c/devices/6-0040/iio:device0/"
NANO = {
    "proc/device-tree/model": "NVIDIA Jetson Nano Developer Kit\0",
    "proc/meminfo": "MemTotal:        4059216 kB\nMemFree: 100 kB\nSwapTotal:       6223904 kB\n",
    "proc/swaps": "Filename Type Size Used\n/dev/zram0 partition 507400 0\n/mnt/4GB.swap file 4194300 0\n",
    "etc/group": "root:x:0:\nvideo:x:44:ann\naudio:x:29:ann\ngpio:x:999:ann\n",
    MONITOR + "rail_name_0": "POM_5V_IN\n", MONITOR + "in_voltage0_input": "5072\n",
    "sys/class/thermal/thermal_zone0/type": "CPU-therm\n", "sys/class/thermal/thermal_zone0/temp": "44000\n",
    "sys/class/thermal/thermal_zone1/type": "PMIC-Die\n", "sys/class/thermal/thermal_zone1/temp": "100000\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_min_freq": "102000\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq": "1479000\n",
}
ORIN = {
    "proc/device-tree/model": "NVIDIA Jetson Orin Nano Developer Kit\0",
    "sys/bus/i2c/devices/1-0040/hwmon/hwmon3/in1_label": "VDD_IN\n",
    "sys/bus/i2c/devices/1-0040/hwmon/hwmon3/in1_input": "4936\n",
    "sys/class/hwmon/hwmon1/oc1_event_cnt": "0\n", "sys/class/hwmon/hwmon1/oc3_event_cnt": "12\n",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n", "sys/class/thermal/thermal_zone0/temp": "52100\n",
    "sys/class/thermal/thermal_zone1/type": "cv0-thermal\n", "sys/class/thermal/thermal_zone1/temp": "-256000\n",
}
RUNNING = ("LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nResult=success\nNRestarts=0\n"
           "ExecMainStatus=0\n")
COMMANDS = {"nvpmodel": Answer(0, "NV Power Mode: MAXN\n0\n"), "dmesg": Answer(0, "all is well\n"),
            "systemctl": Answer(0, RUNNING)}
LOADED = "numpy 1.24.4\ncv2 4.11.0\nonnxruntime 1.19.2\npygame 2.6.1\npyttsx3 \n"


def make_machine(root, files=(), commands=(), **facts):
    """A machine whose files lie below `root` and whose commands answer so; all others it does not have."""
    for name, content in dict(files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    answers = {sys.executable: Answer(0, LOADED), **dict(commands)}
    given = {"user": "ann", "groups": frozenset({"video", "audio", "gpio"}), "free_bytes": lambda folder: 40 * GB}
    return Machine(root, lambda words: answers.get(words[0]), **{**given, **facts})
