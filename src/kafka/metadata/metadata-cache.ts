import { ClusterImage, type ImageChange } from './cluster-image.ts';

/** Told of every new image, in the turn in which it takes effect. */
export type ImageListener = (image: ClusterImage, before: ClusterImage) => void;

/** The image that holds now, for everyone in one broker who asks. */
export class MetadataCache {
  #image = ClusterImage.empty;
  readonly #listeners = new Set<ImageListener>();

  get image(): ClusterImage {
    return this.#image;
  }

  apply(change: ImageChange): void {
    const before = this.#image;
    this.#image = before.with(change);
    for (const listener of [...this.#listeners]) listener(this.#image, before);
  }

  /** Returns the function that ends the listening. */
  listen(listener: ImageListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
