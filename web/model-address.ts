/** The parameter of an address that names a model. */
export const MODEL_PARAMETER = 'model';

/**
 * An address of the service as one about the model of a page.
 * @param named where that is not the model that answers unasked; else ''
 */
export const ofModel = (address: string, named: string): string =>
  named === ''
    ? address
    : `${address}${address.includes('?') ? '&' : '?'}${MODEL_PARAMETER}=${encodeURIComponent(named)}`;
