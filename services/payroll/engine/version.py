"""The engine's version: raised whenever the same inputs come to another result."""

ENGINE = "payroll-engine-1"
