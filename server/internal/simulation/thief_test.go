package simulation

func (w *world) steal(from *device, stop <-chan struct{}) {}
