import{m as i}from"./chunk-OPXKFJZP.js";var o=i(!1);export{o as a};
