"""CloudFormation asks, we answer: crhelper's frame, the relay and the answer."""
