"""The multi-plan check 多规合一检查: sites against the pieces around them, judged by the policies of each layer."""
