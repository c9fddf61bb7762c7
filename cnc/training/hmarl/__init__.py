"""Training HMARL: demonstrations, deployment, traffic; one stage a file (docs/hmarl.md)."""
