import{a as e}from"./chunk-YFSPQ3TQ.js";import{j as o,n as r}from"./chunk-W2VQX4GN.js";function n(){return o(e,{heading:r.value.talk.heading})}export{n as View};
